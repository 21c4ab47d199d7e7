"""Formulas of the lessons as MathML, which browsers draw without any script."""

from __future__ import annotations

import re

__all__ = ["with_formulas"]

# Code comes first: a dollar in it is a dollar.
_FORMULA = re.compile(r"(```.*?```|`[^`\n]*`)|\$\$(.+?)\$\$|\$([^$\n]+?)\$", re.DOTALL)


def with_formulas(markdown: str) -> str:
    """Markdown whose TeX between dollars has become MathML.

    References
    ----------
    W3C (2025). MathML Core. https://www.w3.org/TR/mathml-core/
    """
    from latex2mathml.converter import convert

    def formula(found: re.Match[str]) -> str:
        code, displayed, inline = found.groups()
        if code is not None:
            return str(code)
        if displayed is not None:
            # Without line ends: a blank one would end the HTML.
            text = convert(" ".join(displayed.split()), display="block")
            return f'<div class="formula">{text}</div>'
        return str(convert(inline))

    return _FORMULA.sub(formula, markdown)

"""The networks themselves, in PyTorch; a change in this folder makes new conversions."""

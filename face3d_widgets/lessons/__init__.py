"""Parts of the lessons in notebooks/lessons: questions, checks, pictures."""

from face3d_widgets.lessons.cells import check, predict, show, table
from face3d_widgets.lessons.exercises import EXERCISES, Exercise, Verdict
from face3d_widgets.lessons.questions import QUESTIONS, Question

__all__ = [
    "EXERCISES",
    "QUESTIONS",
    "Exercise",
    "Question",
    "Verdict",
    "check",
    "predict",
    "show",
    "table",
]

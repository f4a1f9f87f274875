"""A slow and literal derivation of every pinned KPI, to hold the engine against."""

from .answer import answer
from .book import Book, Told, read_book
from .dimensions import QuestionError
from .kpis import KPIS
from .times import Calendar

__all__ = ["KPIS", "Book", "Calendar", "QuestionError", "Told", "answer", "read_book"]

"""What all live figures share: a state to reset to, a still picture, words, a page of their own.

Book: chapter 3 (the SOA explorer).
"""

import base64
import io
from pathlib import Path
from typing import ClassVar

import anywidget
import traitlets as t
from PIL import Image

from .page import write_page

HERE = Path(__file__).parent
STYLE = (HERE / "live.css").read_text(encoding="utf-8")


def module_of(name: str) -> str:
    """Return the ES module of a figure: what all figures share, and its own part.

    Args:
        name: of the file beside this one, without its ending.
    """
    parts = [(HERE / f"{part}.js").read_text(encoding="utf-8") for part in ("live", name)]
    return "\n".join(parts)


class LiveFigure(anywidget.AnyWidget):
    """A figure that hand and Python change together, with a kernel or without one.

    A subclass has `STATE`, the names of what a reader may change, and draws the still picture.
    """

    STATE: ClassVar[tuple[str, ...]] = ()
    PAGE_WORDS: ClassVar[str] = ""  # what a saved page says above the figure

    start = t.Dict().tag(sync=True)  # the state to reset to
    still = t.Unicode().tag(sync=True)  # the still picture as a data address, once it is shown
    words = t.Unicode().tag(sync=True)  # what it shows, in words

    def remember(self) -> None:
        """Take the present state as the one to reset to."""
        self.start = {name: getattr(self, name) for name in self.STATE}

    def reset(self) -> None:
        """Set all attributes back to what they were after making."""
        with self.hold_sync():  # one message to the browser
            for name, value in self.start.items():
                setattr(self, name, value)

    def preview(self) -> Image.Image:
        """Draw a still image of what is shown: for print, and where nothing can run."""
        raise NotImplementedError(f"{type(self).__name__} has no still picture")

    def alternative(self) -> str:
        """Return in words what is shown: for those who do not see it."""
        return repr(self)

    def save_html(self, path: str | Path, title: str = "", credit: str = "") -> Path:
        """Write one page that holds everything, to be opened anywhere, also without a network.

        Args:
            path: the file to write.
            title: the page's title, as plain text; the figure's name if there is none.
            credit: who made the photograph that the figure shows, as plain text.

        Returns:
            The path.

        Raises:
            OSError: the folder does not exist, or cannot be written to.
        """
        self._jpeg()
        name = title or type(self).__name__
        return write_page(self, Path(path), name, self.PAGE_WORDS, credit)

    def _jpeg(self) -> str:
        """Draw the still picture, keep it and its words in the state, and return it as base64."""
        file = io.BytesIO()
        self.preview().save(file, "JPEG", quality=85)
        encoded = base64.b64encode(file.getvalue()).decode()
        with self.hold_sync():
            self.still = f"data:image/jpeg;base64,{encoded}"
            self.words = self.alternative()
        return encoded

    def _repr_mimebundle_(self, **kwargs):
        """Add words and a still image to the live view, for readers that cannot run it."""
        data, metadata = super()._repr_mimebundle_(**kwargs)
        data = dict(data)
        data["text/plain"] = repr(self)
        data["image/jpeg"] = self._jpeg()
        return data, metadata

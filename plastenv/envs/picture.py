"""A scene as an 800 x 600 picture: courses on one time axis at the left, the circuit as it is now at the right.

What stays the same from frame to frame (axes, names) is drawn once and kept as the background; what changes is made
anew for every scene, drawn on top and thrown away, so nothing of one frame can show in the next.
"""

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.text import Text

from plastenv.envs.scene import CAPTOR, NOTHING, Lane, Scene
from plastenv.model.types import DAY

WIDTH, HEIGHT, DPI = 800, 600, 100
BLUE, RED, GREEN, PINK, YELLOW, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"  # Okabe & Ito
INK, GREY, PALE, PAPER = "#222222", "#6B6B6B", "#D4D4D4", "#F4F4F4"
KINDS = {"drug": PINK, "stimulation": YELLOW, "training": BLUE, "environment": GREEN}
WINNERS = {"own": BLUE, CAPTOR: RED}
Style = Any  # matplotlib's line styles are words or dashes
Lines = tuple[tuple[str, str, str, Style], ...]
SYMPTOMS: Lines = (
    ("symptoms", "symptoms", RED, "-"),
    ("lost", "memories lost", PINK, "-"),
    ("untreated", "untreated", GREY, "--"),
    ("premorbid", "before adversity", GREY, ":"),
)
BRAKES: Lines = (
    ("nets", "perineuronal nets", GREEN, "-"),
    ("nogo", "Nogo-A signalling", INK, "-"),
    ("acetylation", "acetylation", SKY, (0, (5, 1.5))),
    ("bdnf", "BDNF", YELLOW, (0, (1.5, 1))),
)
TITLES = {
    "symptoms": ("Symptoms", "0 = none, 1 = worst"),
    "brakes": ("Brakes and growth", "1 = adult; acetylation as a share"),
    "lanes": ("Treatment", "filled = given, hollow = planned; number = plasma now"),
}
WEIGHTS = LinearSegmentedColormap.from_list("weights", ["#FFFFFF", SKY, BLUE, "#00263D"])
HEAVIEST = 0.4  # units of input, darkest
NAMES, CHARTS, CIRCUIT = (14, 188), (218, 544), (574, 788)  # px, columns of the page
CUES = (CIRCUIT[0] + 69, CIRCUIT[1] - 44)  # px
ROWS = {"symptoms": (92, 144), "brakes": (272, 104), "lanes": (412, 144), "cues": (110, 182), "weights": (362, 194)}
LATER = 1.10  # where follow-up is drawn, in horizons: nearer than it is
MARK = 3.0  # px, least width of an administration
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
}


class Picture:
    """One canvas that is wiped and drawn on for every scene."""

    def __init__(self) -> None:
        """Make the canvas; axes follow with the first scene."""
        self.figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor="white")
        self.canvas = FigureCanvasAgg(self.figure)
        self.axes: dict[str, Axes] = {}
        self.frame: object = None  # what the background shows

    def draw(self, scene: Scene) -> np.ndarray:
        """Return the scene as pixels, (600, 800, 3) uint8."""
        with mpl.rc_context(STYLE):
            if self.frame != scene.frame:
                self._background(scene)
                self.frame = scene.frame
            self.canvas.restore_region(self.background)
            self._head(scene)
            self._symptoms(scene)
            self._brakes(scene)
            self._lanes(scene)
            self._cues(scene)
            self._weights(scene)
        return np.array(self.canvas.buffer_rgba())[:, :, :3]

    # Helpers. Pixels are counted from the top left.

    def _show(self, artist: Artist, axes: Axes | None = None) -> None:
        """Draw an artist on top of what is there, in the data of `axes` or in shares of the figure, and forget it."""
        (axes or self.figure).add_artist(artist)
        artist.draw(self.canvas.get_renderer())
        artist.remove()

    def _text(self, x: float, y: float, words: str, **look: Any) -> Text:
        return Text(x / WIDTH, 1.0 - y / HEIGHT, words, va="center", **look)

    def _write(self, x: float, y: float, words: str, **look: Any) -> None:
        self._show(self._text(x, y, words, **look))

    def _axes(self, name: str, columns: tuple[float, float]) -> Axes:
        (left, right), (top, height) = columns, ROWS[name]
        box = (left / WIDTH, 1.0 - (top + height) / HEIGHT, (right - left) / WIDTH, height / HEIGHT)
        axes = self.axes[name] = self.figure.add_axes(box)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(length=3, pad=2)
        return axes

    # What stays.

    def _background(self, scene: Scene) -> None:
        self.figure.clear()
        for name, (title, key) in TITLES.items():
            self.figure.add_artist(self._text(NAMES[0], ROWS[name][0] - 12, title, weight="bold"))
            self.figure.add_artist(self._text(CHARTS[0], ROWS[name][0] - 12, key, color=GREY, size=8))
            axes = self._axes(name, CHARTS)
            axes.axvspan(0, scene.horizon, color=PAPER, linewidth=0)
            axes.set_xlim(0, scene.horizon * (2 * LATER - 1))
            days = [*range(0, scene.horizon + 1, max(7, scene.horizon // 4)), scene.horizon * LATER]
            named = [*(f"{day:g}" for day in days[:-1]), f"{scene.followup}"] if name == "lanes" else []
            axes.set_xticks(days if named else days[:-1], named or [""] * (len(days) - 1))
        for name, lines in (("symptoms", SYMPTOMS), ("brakes", BRAKES)):
            for k, (_, label, colour, style) in enumerate(lines):
                self.figure.add_artist(self._text(NAMES[0] + 24, self._line(name, k), label))
                ends = (NAMES[0] / WIDTH, (NAMES[0] + 17) / WIDTH), (1.0 - self._line(name, k) / HEIGHT,) * 2
                self.figure.add_artist(Line2D(*ends, color=colour, linestyle=style, linewidth=2))
        self.axes["symptoms"].set_ylim(0.0, 1.0)
        self.axes["symptoms"].set_yticks((0.0, 0.5, 1.0), ("0", "0.5", "1"))
        self.axes["brakes"].set_ylim(0.0, 2.0)
        self.axes["brakes"].set_yticks((0.0, 1.0, 2.0), ("0", "1", "2"))
        self.axes["brakes"].axhline(1.0, color=PALE, linewidth=0.8)
        self.axes["lanes"].set_yticks([])
        self.axes["lanes"].spines["left"].set_visible(False)
        below = "day of treatment, then of follow-up"
        middle = sum(CHARTS) / 2, HEIGHT - 18
        self.figure.add_artist(self._text(*middle, below, color=GREY, size=8.5, ha="center"))
        self._circuit_background(scene)
        self.canvas.draw()
        self.background = self.canvas.copy_from_bbox(self.figure.bbox)

    def _circuit_background(self, scene: Scene) -> None:
        left, middle = CIRCUIT[0], sum(CUES) / 2
        (top, height), (below, tall) = ROWS["cues"], ROWS["weights"]
        texts = [
            self._text(left, ROWS["symptoms"][0] - 12, "Where each cue leads", weight="bold"),
            self._text(middle - 6, top - 10, f"{CAPTOR} ◂", color=RED, ha="right"),
            self._text(middle + 6, top - 10, "▸ its own", color=BLUE),
            self._text(left, top + height + 27, "thin, grey: strongest other memory", color=GREY, size=8),
            self._text(left, below - 12, "Weights", weight="bold"),
            self._text(CIRCUIT[1], below - 12, f"white 0, dark {HEAVIEST:g}", color=GREY, size=8, ha="right"),
        ]
        texts += [self._text(left, self._cue(scene, row), name) for row, name in enumerate(scene.cues)]
        axes = self._axes("cues", CUES)
        axes.axvline(0.0, color=GREY, linewidth=0.8)
        axes.set_xlim(-1.0, 1.0)
        axes.set_xticks((-1.0, 0.0, 1.0), ("100", "0 Hz", "100"))
        axes.set_ylim(len(scene.cues) - 0.5, -0.5)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes = self._axes("weights", (CUES[0], CIRCUIT[1]))
        pre, units = scene.weights.shape
        axes.set_xlim(-0.5, pre - 0.5)
        axes.set_ylim(units - 0.5, -0.5)
        axes.set_xticks((units / 2, (units + pre) / 2), ("from the circuit", "outside"))
        axes.set_yticks([])
        axes.tick_params(length=0, pad=4)
        for assembly, name in scene.assemblies.items():
            place = below + (np.flatnonzero(scene.members[assembly]).mean() + 0.5) / units * tall
            texts.append(self._text(left, place, name, color=RED if name == CAPTOR else INK))
        for each in texts:
            self.figure.add_artist(each)

    def _line(self, name: str, k: int) -> float:
        return ROWS[name][0] + 12 + 21 * k

    def _cue(self, scene: Scene, row: int) -> float:
        top, height = ROWS["cues"]
        return top + (row + 0.5) * height / len(scene.cues)

    # What changes.

    def _head(self, scene: Scene) -> None:
        first, second = scene.headline
        over = f", over: {scene.ending}" if scene.ending not in ("", "horizon") else ""
        self._write(NAMES[0], 22, f"{scene.title}, day {scene.day:g} of {scene.horizon}{over}", size=15, weight="bold")
        self._write(NAMES[0], 47, scene.note if len(scene.note) <= 47 else f"{scene.note[:46]}…", color=GREY)
        self._write(CIRCUIT[1], 22, first, size=15, weight="bold", ha="right")
        self._write(CIRCUIT[1], 47, second, color=GREY, ha="right")

    def _values(self, name: str, values: list[float]) -> None:
        for k, value in enumerate(values):
            self._write(NAMES[1], self._line(name, k), f"{value:.2f}", ha="right")

    def _course(self, name: str, scene: Scene, values: list[float], colour: str, style: Style) -> None:
        days = [moment.clock / DAY for moment in scene.course]
        axes = self.axes[name]
        self._show(Line2D(days, values, color=colour, linestyle=style, linewidth=2.0, clip_on=False), axes)
        self._show(Line2D(days[-1:], values[-1:], color=colour, marker="o", markersize=5, clip_on=False), axes)

    def _today(self, name: str, scene: Scene) -> None:
        self._show(Line2D((scene.day,) * 2, self.axes[name].get_ylim(), color=GREY, linewidth=0.8), self.axes[name])

    def _symptoms(self, scene: Scene) -> None:
        axes, now = self.axes["symptoms"], scene.now
        self._today("symptoms", scene)
        self._values("symptoms", [now.symptoms, now.lost, scene.untreated, scene.premorbid])
        for level, (_, _, colour, style) in zip((scene.untreated, scene.premorbid), SYMPTOMS[2:], strict=True):
            self._show(Line2D(axes.get_xlim(), (level, level), color=colour, linestyle=style, linewidth=1.2), axes)
        for name, _, colour, style in SYMPTOMS[1::-1]:
            self._course("symptoms", scene, [getattr(moment, name) for moment in scene.course], colour, style)
        if scene.results:
            later = scene.horizon * LATER, 1.0 - scene.results["function"]
            way = (scene.day, later[0]), (now.symptoms, later[1])
            self._show(Line2D(*way, color=RED, linestyle=":", linewidth=1.4, clip_on=False), axes)
            self._show(Line2D(*([x] for x in later), color=RED, marker="o", markersize=7, clip_on=False), axes)

    def _brakes(self, scene: Scene) -> None:
        self._today("brakes", scene)
        self._values("brakes", [getattr(scene.now, name) for name, *_ in BRAKES])
        for name, _, colour, style in BRAKES:
            self._course("brakes", scene, [min(2.0, getattr(moment, name)) for moment in scene.course], colour, style)

    def _lanes(self, scene: Scene) -> None:
        top, height = ROWS["lanes"]
        lanes, rows = scene.lanes, max(6, len(scene.lanes))
        self.axes["lanes"].set_ylim(rows, 0)
        self._today("lanes", scene)
        if not lanes:
            self._write(NAMES[0], top + 12, "nothing has been given", color=GREY)
        for row, lane in enumerate(lanes):
            y, size = top + (row + 0.55) * height / rows, 9.0 if rows < 10 else 8.0
            self._write(NAMES[0], y, lane.name, size=size)
            if lane.level is not None:
                self._write(NAMES[1], y, f"{lane.level[-1]:.1f}", size=size, ha="right")
            self._lane(scene, lane, row)

    def _lane(self, scene: Scene, lane: Lane, row: int) -> None:
        """Draw a row of administrations, as high as their doses, on the plasma level where there is one."""
        axes, base, full, colour = self.axes["lanes"], row + 0.93, 0.76, KINDS[lane.kind]
        self._show(Line2D(axes.get_xlim(), (base, base), color=PALE, linewidth=0.8), axes)
        if lane.level is not None:
            days = [moment.clock / DAY for moment in scene.course]
            heights = base - full * lane.level / max(lane.strength, float(lane.level.max()))
            outline = np.column_stack([[days[0], *days, days[-1]], [base, *heights, base]])
            self._show(PolyCollection([outline], facecolor=colour, alpha=0.35, linewidth=0), axes)
        least = MARK / (CHARTS[1] - CHARTS[0]) * scene.horizon * (2 * LATER - 1)
        boxes, filled = [], []
        for given in lane.given:
            left, right = given.time / DAY, given.time / DAY + max(least, given.seconds / DAY)
            high = base - full * max(0.35, given.dose / lane.strength)
            boxes.append(((left, base), (left, high), (right, high), (right, base)))
            filled.append(colour if given.time < scene.now.clock else "white")
        self._show(PolyCollection(boxes, facecolor=filled, edgecolor=colour, linewidth=0.7), axes)

    def _cues(self, scene: Scene) -> None:
        for row in range(len(scene.cues)):
            captured, own, other = scene.rates(row)
            bars = ((-captured, RED, -0.34, 0.12), (own, BLUE, -0.34, 0.12), (other, GREY, 0.16, 0.32))
            boxes = [((0.0, row + a), (0.0, row + b), (x, row + b), (x, row + a)) for x, _, a, b in bars]
            colours = [colour for _, colour, _, _ in bars]
            self._show(PolyCollection(boxes, facecolor=colours, linewidth=0), self.axes["cues"])
            leads = scene.leads(row)
            word = "mixed" if len(leads) > 1 else leads[0] if leads[0] in (*WINNERS, NOTHING) else "other"
            self._write(CIRCUIT[1], self._cue(scene, row), word, ha="right", color=WINNERS.get(word, GREY))

    def _weights(self, scene: Scene) -> None:
        axes, (pre, units) = self.axes["weights"], scene.weights.shape
        extent = (-0.5, pre - 0.5, units - 0.5, -0.5)
        shades = AxesImage(axes, cmap=WEIGHTS, norm=Normalize(0.0, HEAVIEST), interpolation="nearest", extent=extent)
        shades.set_data(scene.weights.T)
        self._show(shades, axes)
        self._show(Line2D((units - 0.5,) * 2, axes.get_ylim(), color=GREY, linewidth=0.8), axes)
        for assembly in scene.assemblies:
            edge = np.flatnonzero(scene.members[assembly])[-1] + 0.5
            self._show(Line2D(axes.get_xlim(), (edge, edge), color=PALE, linewidth=0.6), axes)

"""Write the pictures of docs/report.md and docs/patient.md into docs/report/, from a report and a story made anew.

    python tests/acceptance/report_pictures.py

compares a schedule of one's own with four of the library on 32 test patients, opens the report in Chromium without a
network and keeps parts of it; then it draws the story of one of the patients. A minute or two.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from plastenv.cli import app

PICTURES = Path(__file__).parents[2] / "docs" / "report"
SHELF = ["window-then-training", "training-then-window", "training-spaced", "window-alone"]
PATIENTS, PATIENT = 32, 7
WIDE = 900  # pixels, at most of a picture
SHOWN = ("symptoms", "nogo", "early_own", "late_own")  # of the courses
PARTS = {  # of the report, and how wide the page is for each
    "ranking": 760,
    "pair": 760,
    "courses": 760,
    "clinical": 1024,
    "responders": 760,
}
STYLE = "section { padding: 0 .5rem .5rem; } h2 { margin-top: .5rem; } .panels figure:not(:has(%s)) { display: none; }"


def shrink(path: Path) -> None:
    """Make a picture at most WIDE, and of 256 colours: lines and letters on white need no more."""
    with Image.open(path) as picture:
        small = picture.convert("RGB")
    small.thumbnail((WIDE, 10 * WIDE))
    small.quantize(256).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size // 1024} KiB")


def photograph(page: Page) -> None:
    """Keep the parts of the report that `page` shows."""
    page.wait_for_function("document.querySelectorAll('.plot .main-svg').length >= 13")
    page.add_style_tag(content=STYLE % ", ".join(f"#plot-{each}" for each in (*SHOWN, "halves", "patients")))
    for name, width in PARTS.items():
        page.set_viewport_size({"width": width, "height": 1000})
        page.wait_for_timeout(1000)  # plots follow the width
        page.locator(f"section[aria-labelledby={name}]").screenshot(path=PICTURES / f"{name}.png")
        shrink(PICTURES / f"{name}.png")


def main() -> None:
    """Write all pictures."""
    chromium = shutil.which("chromium") or sys.exit("no Chromium on this machine; apt-get install chromium brings one")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mine = str(folder / "my-schedule.yaml")
        for command in (
            ["protocols", "new", mine],
            ["compare", mine, *SHELF, "--patients", PATIENTS, "--out", folder / "compared"],
            ["explain", mine, "--patient", PATIENT, "--out", folder / "explained"],
        ):
            app(list(map(str, command)), standalone_mode=False)
        shutil.copy(folder / "explained" / "figure.png", PICTURES / "story.png")
        shrink(PICTURES / "story.png")
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])  # root has no sandbox
            page = browser.new_context(color_scheme="light", offline=True).new_page()
            page.goto((folder / "compared" / "report.html").as_uri())
            photograph(page)
            browser.close()


if __name__ == "__main__":
    main()

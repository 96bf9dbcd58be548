"""The site made of these pages: sphinx-build -W -b html docs build/site."""

import plastenv

project = "plastenv"
author = "plastenv contributors"
version = release = plastenv.__version__
language = "en"
extensions = ["myst_parser"]
exclude_patterns = ["evidence"]  # holds JSON and pictures, no pages
myst_heading_anchors = 3  # as GitHub makes them, so that links hold in both places
nitpicky = True
html_theme = "furo"
html_title = "plastenv"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False

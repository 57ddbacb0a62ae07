"""Where the book is published: buttons, canonical addresses, sitemap and 404 page.

Two variables of the environment say it; the workflow that publishes the book sets them.

    SOLAR_REPOSITORY  https://github.com/OWNER/NAME  buttons: source, issues, Binder, Colab
    SOLAR_PAGES       https://OWNER.github.io/NAME/  canonical addresses, sitemap.xml, 404.html

Without them the book is built to be read from a folder, and names no address.
"""

import os
from urllib.parse import urlsplit

BUTTONS = {
    "binderhub_url": "https://mybinder.org",
    "colab_url": "https://colab.research.google.com",
}


def setup(app):
    """Load the extensions that need an address, and settle the options that depend on it."""
    app.setup_extension("sphinxext.opengraph")
    if os.environ.get("SOLAR_PAGES"):
        app.setup_extension("sphinx_sitemap")
        app.setup_extension("notfound.extension")
    app.connect("config-inited", settle, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def settle(app, config):
    """Set the options of theme and extensions from the environment."""
    repository = os.environ.get("SOLAR_REPOSITORY", "").rstrip("/")
    pages = os.environ.get("SOLAR_PAGES", "").rstrip("/")
    if repository:
        config.html_theme_options = {
            **config.html_theme_options,
            "repository_url": repository,
            "repository_branch": "main",
            "use_repository_button": True,
            "use_issues_button": True,
            "launch_buttons": {**BUTTONS, "notebook_interface": "jupyterlab"},
        }
    if pages:
        config.html_baseurl = f"{pages}/"
        config.ogp_site_url = f"{pages}/"
        config.ogp_image = f"{pages}/_static/card.png"
        config.sitemap_url_scheme = "{link}"
        config.notfound_urls_prefix = f"{urlsplit(pages).path}/"

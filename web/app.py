"""The application factory."""

from __future__ import annotations

import os
from datetime import timedelta

from flask import Flask
from flask_wtf import CSRFProtect
from werkzeug import routing
from werkzeug.middleware.proxy_fix import ProxyFix

from board.context import Board
from board.db import PATIENCE_OF_PAGES_S
from board.i18n import CATALOGUES
from config.settings import Settings
from web import (
    administration,
    alerts,
    answering,
    appeals,
    blocks,
    bounces,
    by_phone,
    consent,
    conversations,
    dev_mail,
    disclosure,
    erasure,
    export,
    home,
    impact,
    inbox,
    information,
    install,
    links,
    listings,
    me,
    metrics,
    moderation,
    offline,
    one_click,
    organisations,
    overseeing,
    own_alerts,
    pages,
    partners,
    passkeys,
    places,
    preferences,
    privacy,
    profiles,
    proofs,
    push,
    questions,
    readers,
    relays,
    reports,
    rewording,
    second_factor,
    sessions,
    sharing,
    sign_in,
    start,
    verification,
)
from web import map as listings_map
from web.assets import init_assets
from web.compression import init_compression
from web.errors import init_errors
from web.guards import reader
from web.keeping import init_keeping
from web.locale import OWN_NAMES, init_locale
from web.security import init_security
from web.timing import init_timing
from web.volume import init_volume
from web.words import init_words

#: A form with 4,000 characters of text and a polygon of 500 points fits; nothing longer is read.
MAX_CONTENT_BYTES = 256 * 1024
MAX_FORM_PARTS = 500

#: One module a feature, each with its blueprint.
FEATURES = (
    home,
    start,
    listings,
    listings_map,
    sharing,
    answering,
    conversations,
    alerts,
    links,
    places,
    pages,
    disclosure,
    dev_mail,
    sign_in,
    sessions,
    me,
    preferences,
    push,
    offline,
    install,
    bounces,
    own_alerts,
    one_click,
    profiles,
    blocks,
    passkeys,
    second_factor,
    relays,
    by_phone,
    organisations,
    administration,
    verification,
    partners,
    information,
    questions,
    inbox,
    readers,
    export,
    erasure,
    consent,
    privacy,
    impact,
    moderation,
    overseeing,
    reports,
    rewording,
    appeals,
    proofs,
    metrics,
)

csrf = CSRFProtect()


class PublicIdConverter(routing.BaseConverter):
    """The public id of a listing: twelve URL-safe characters, so that nothing else asks SQL."""

    regex = "[A-Za-z0-9_-]{12}"


class IntegerConverter(routing.IntegerConverter):
    """The number of a row: no more digits than a column of 64 bits holds; others are 404."""

    regex = r"\d{1,18}"


def create_app(board: Board | None = None, settings: Settings | None = None) -> Flask:
    """The web application over a board; both are made from the environment when not given."""
    if settings is None:
        settings = board.settings if board else Settings.from_mapping(os.environ)
    app = Flask("web", static_folder=None)
    app.config.update(
        BOARD=board or Board.open(settings, patience_s=PATIENCE_OF_PAGES_S),
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=MAX_CONTENT_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_CONTENT_BYTES,
        MAX_FORM_PARTS=MAX_FORM_PARTS,
        PERMANENT_SESSION_LIFETIME=timedelta(days=365),
        # The token lives as long as the session: a form may stay open on a telephone for days.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_I18N_ENABLED=False,
    )
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=0)  # type: ignore[method-assign]
    app.url_map.converters["public_id"] = PublicIdConverter
    app.url_map.converters["int"] = IntegerConverter
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    # First, so that it sees each answer last.
    metrics.init_metrics(app)
    # After all headers are there.
    init_compression(app)
    init_security(app, settings)
    init_keeping(app)
    init_timing(app)
    init_locale(app, settings, str(CATALOGUES))
    # After the language is known, in which the refusal is said.
    init_volume(app, settings)
    csrf.init_app(app)
    init_errors(app)
    init_assets(app)
    init_words(app)
    sharing.init_sharing(app)
    moderation.init_moderation(app)
    administration.init_administration(app)
    app.jinja_env.globals.update(
        own_names=OWN_NAMES,
        embedded_mail=settings.embedded_mail,
        reader=reader,
        tile_url=settings.tile_url,
        tile_attribution=settings.tile_attribution,
        tile_host=settings.tile_host,
    )
    _register_features(app)
    return app


def _register_features(app: Flask) -> None:
    """Give the application the routes of every feature."""
    for feature in FEATURES:
        app.register_blueprint(feature.blueprint)
    app.register_blueprint(conversations.guests_blueprint)
    app.register_blueprint(export.asking_blueprint)
    app.register_blueprint(export.links_blueprint)
    app.register_blueprint(one_click.not_this_blueprint)
    app.register_blueprint(one_click.not_now_blueprint)
    app.register_blueprint(offline.own_blueprint)
    app.register_blueprint(preferences.guests_blueprint)
    app.register_blueprint(own_alerts.guests_blueprint)
    app.register_blueprint(push.guests_blueprint)
    # It only counts, and a page that many read must set no cookie for it.
    csrf.exempt(readers.count)
    # They store nothing: the listing is sent at the end, with a token.
    csrf.exempt(start.blueprint)
    csrf.exempt(one_click.one_click)

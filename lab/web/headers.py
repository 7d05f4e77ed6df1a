"""What every page of the lab tells the browser, beside which files it may fetch."""

GUARDED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Without an origin the buttons' own check could not tell our pages from others.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

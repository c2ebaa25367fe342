"""Pictures of the change summary for the documentation: a made-up request, its comments, and how to photograph them.

`make pictures` runs this package; it needs npm, Chromium and pngquant. The comments need none of them.
"""

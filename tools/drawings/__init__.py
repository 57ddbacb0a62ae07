"""The book's drawings; `tools/draw.py` writes them into book/images.

========  ========================================================================================
canvas    boxes, arrows and words as SVG, in colours that follow the page
network   what the drawings say about networks: stations, channels and strides
glance    SOLAR at a glance
strips    the small map atop every chapter: you are here
block     the attention block, with a shape on every arrow
orders    triplet and second order in one drawing, with the lists of q and p
epoch     the timeline of an epoch
tiles     the tiles of the counting pass
========  ========================================================================================

Each module has a function `drawings()` that returns what it draws.
"""

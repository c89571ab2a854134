"""Which layer breaks the symmetry: attribution through the module tree.

`trace` takes down the calls of a forward pass, `axes` follows the image's axes to every tensor, `attribution` turns
gradients into contributions, `attribute` runs it over images, `profile` is what comes out, and `views` are ways to look
at it.
"""

"""Which layer breaks the symmetry: attribution through the module tree.

`trace` takes down the calls of a forward pass, `layouts` says how a symmetry acts on every tensor, `contributions`
turns gradients into contributions, `tree` adds them up by module, `attribute` runs it over images, `profile` is what
comes out, and `summaries` are ways to look at it.
"""

"""At home in other libraries: one file for each, which imports that library and nothing else does."""

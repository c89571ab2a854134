"""From a model and data to a result: words become objects, a run fills columns, columns become rows."""

"""What a worker is told to do: a cell of a sweep as plain values, which can be sent to another process or machine."""

from typing import Any

Record = dict[str, Any]  # plain data, as JSON can say it
Task = Record  # Cell.task(), with batch_size, device and threads

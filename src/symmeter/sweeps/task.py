"""What a worker is told to do: a cell of a sweep as plain values, which can be sent to another process or machine."""

from typing import Any

Task = dict[str, Any]  # Cell.task(), with batch_size, device and threads

"""Results as files: a chunk each, written as the rows come. Rows become text in the engine itself; what is written is the memory of its
batches."""

import json
import os
from bisect import bisect_right

import pyarrow
import values
from errors import Failed


class Chunks:
    """The files of a result of texts: JSON_ARRAY or CSV."""

    def __init__(self, order):
        self.order = order
        self.is_json = order["format"] == "JSON_ARRAY"
        self.header = b""
        self.all = []
        self.file = None
        self.size = self.rows = self.total_bytes = self.total_rows = 0

    def begin(self):
        self.file = open(path_of(self.order, len(self.all)), "wb")
        start = b"[" if self.is_json else (b"" if self.all else self.header)
        self.file.write(start)
        self.size, self.rows = len(start), 0

    def end(self):
        if self.is_json:
            # The comma of the last row makes room.
            if self.rows:
                self.file.seek(self.size - 1)
                self.size -= 1
            self.file.write(b"]")
            self.size += 1
        self.file.close()
        self.file = None
        self.total_bytes += self.size
        self.all.append({"row_count": self.rows, "byte_count": self.size})

    def add(self, text, offsets, rows):
        """Adds rows, and answers whether all of them found room."""
        at = 0
        while at < rows:
            if self.file is None:
                self.begin()
            room = self.order["chunk_bytes"] - self.size
            end = min(bisect_right(offsets, offsets[at] + room, at, rows + 1) - 1, rows)
            if end <= at:
                if self.rows:
                    self.end()
                    continue
                end = at + 1
            size = offsets[end] - offsets[at]
            limit = self.order["byte_limit"]
            if limit is not None and self.total_bytes + self.size + size > limit:
                fits = bisect_right(offsets, offsets[at] + limit - self.total_bytes - self.size, at, end + 1) - 1
                self.write(text, offsets, at, max(at, min(fits, end)))
                return False
            self.write(text, offsets, at, end)
            at = end
        return True

    def write(self, text, offsets, at, end):
        self.file.write(text[offsets[at] : offsets[end]])
        self.size += offsets[end] - offsets[at]
        self.rows += end - at
        self.total_rows += end - at
        check_inline(self.order, self.total_bytes + self.size)

    def finish(self):
        if self.file is None and (not self.all):
            self.begin()
        if self.file is not None:
            self.end()


def check_inline(order, size):
    """Ends a statement whose result may only be told inline, and is too large for that."""
    most = order["inline_bytes"]
    if order["disposition"] == "INLINE" and size > most:
        raise Failed(
            f"Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size of at most {most} bytes. "
            "Please execute the statement with disposition=EXTERNAL_LINKS if you want to download the full result."
        )


def path_of(order, index):
    return os.path.join(order["folder"], str(index))


def wanted(order):
    """How many rows are asked of the engine: one more than the limit, because whether there is one decides whether the result is truncated."""
    return None if order["row_limit"] is None else int(order["row_limit"]) + 1


# What a statement tells that has no result.
EMPTY = {"columns": [], "chunks": [], "truncated": False}
# Types of columns that are made here.
ARROW = {"BIGINT": pyarrow.int64(), "BOOLEAN": pyarrow.bool_(), "INT": pyarrow.int32(), "STRING": pyarrow.string()}


def write(run, columns, shown):
    """Writes a result: what the API tells of it. Columns are names and kinds. `shown` answers Arrow's schema and batches of a form: of one
    column of texts, a row each, or, for `ARROW_STREAM`, of the columns."""
    order = run.order
    told = [values.column(name, at, kind) for at, (name, kind) in enumerate(columns)]
    os.makedirs(order["folder"], exist_ok=True)
    writer = arrow if order["format"] == "ARROW_STREAM" else texts
    chunks, truncated = writer(run, told, *shown(order["format"]))
    offset = 0
    for chunk in chunks:
        chunk["row_offset"] = offset
        offset += chunk["row_count"]
    return {"columns": told, "chunks": chunks, "truncated": truncated}


def typed(names):
    """Columns by their names; what is no STRING stands with its type."""
    return [(name, "STRING") if isinstance(name, str) else name for name in names]


def table(run, names, rows):
    """Writes rows of Python's values."""
    columns = typed(names)
    cell = lambda value: value if value is None or isinstance(value, str) else str(value).lower()

    def shown(form):
        if form == "ARROW_STREAM":
            schema = pyarrow.schema([(name, ARROW[kind]) for name, kind in columns])
            batch = pyarrow.RecordBatch.from_pylist([dict(zip(schema.names, row)) for row in rows], schema)
            return schema, [batch]
        line = json_line if form == "JSON_ARRAY" else csv_line
        lines = pyarrow.array([line([cell(value) for value in row]) for row in rows], pyarrow.string())
        return None, [pyarrow.RecordBatch.from_arrays([lines], ["row"])]

    return write(run, [(name, values.scalar(kind)) for name, kind in columns], shown)


def counted(run, **counts):
    """Writes how many rows a statement changed."""
    return table(run, [(name, "BIGINT") for name in counts], [tuple(counts.values())])


def json_line(cells):
    return json.dumps(cells, ensure_ascii=False, separators=(",", ":")) + ","


def csv_line(cells):
    return ",".join("null" if cell is None else field(cell) for cell in cells) + "\r\n"


def texts(run, columns, _, batches):
    order = run.order
    chunks = Chunks(order)
    if not chunks.is_json:
        chunks.header = (",".join(field(one["name"]) for one in columns) + "\r\n").encode()
    limit = order["row_limit"]
    truncated = False
    for batch in batches:
        run.check()
        rows = batch.num_rows if limit is None else min(batch.num_rows, limit - chunks.total_rows)
        truncated = rows < batch.num_rows
        lines = batch.column(0)
        _, offsets, text = lines.buffers()
        if rows:
            offsets = memoryview(offsets).cast("B").cast("q" if lines.type == pyarrow.large_string() else "i")[lines.offset :]
            truncated = not chunks.add(memoryview(text), offsets, rows) or truncated
        if truncated:
            break
    chunks.finish()
    return chunks.all, truncated


def field(text):
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in '",\r\n') else text


def arrow(run, columns, schema, batches):
    """The files of a result as Arrow: a stream each."""
    order, chunks, total = run.order, [], 0
    schema = pyarrow.schema([of.with_name(one["name"]) for of, one in zip(schema, columns)])
    file = stream = None
    truncated = False

    def end():
        nonlocal file, stream, total
        stream.close()
        size = file.tell()
        file.close()
        total += size
        chunks[-1]["byte_count"] = size
        file = stream = None
        check_inline(order, total)

    def begin():
        nonlocal file, stream
        file = open(path_of(order, len(chunks)), "wb")
        stream = pyarrow.ipc.new_stream(file, schema)
        chunks.append({"row_count": 0, "byte_count": 0})

    rows = 0
    for batch in batches:
        run.check()
        if order["row_limit"] is not None and rows + batch.num_rows > order["row_limit"]:
            batch, truncated = batch.slice(0, order["row_limit"] - rows), True
        while batch.num_rows:
            if stream is None:
                begin()
            each = max(1, batch.nbytes // batch.num_rows)
            room = order["chunk_bytes"] - file.tell()
            count = min(batch.num_rows, max(room // each, 0 if chunks[-1]["row_count"] else 1))
            if order["byte_limit"] is not None and total + file.tell() + count * each > order["byte_limit"]:
                truncated = True
                break
            if count == 0:
                end()
                continue
            part = batch.slice(0, count)
            stream.write_batch(pyarrow.RecordBatch.from_arrays(part.columns, schema=schema))
            chunks[-1]["row_count"] += count
            rows += count
            batch = batch.slice(count)
        if truncated:
            break
    if stream is None and not chunks:
        begin()
    if stream is not None:
        end()
    return chunks, truncated

"""What runs write down for each other: units that are done, leases, files that travel."""

import pyarrow as pa

from data_catalog.tables.table_spec import table

BOOKKEEPING = [
    table(
        "files",  # in pieces, while workers need what their own disks do not hold; see `handed_files`
        {"name": pa.string(), "holder": pa.string(), "part": pa.int32()},
        {
            "parts": pa.int32(),  # of the last row: how many came before; 0 of the others
            "data": "blob",
            "put_at": pa.timestamp("us", tz="UTC"),
        },
    ),
    table(
        "leases",  # who is at a unit just now; see `leases`
        {"lease": pa.string()},  # hash of stage and unit; `keep:` and a hash of who wants the unit's rows to stay
        {"holder": pa.string(), "expires_at": pa.float64()},  # seconds since 1970
    ),
    table(
        "units",
        {"stage": pa.string(), "unit": pa.string()},
        {
            "subject": pa.string(),  # what a person calls it: a file name, a speech, a seam
            "input_hash": pa.string(),
            "code_version": pa.string(),
            "config_hash": pa.string(),
            "status": pa.string(),  # ok | failed
            "error": pa.string(),
            "attempts": pa.int32(),
            "n_rows": pa.int64(),
            "fields": pa.string(),  # JSON: content hash of each group of columns, for stages that read only that group
            "upstream": pa.string(),  # JSON: by stage, the units that were read
            "seconds": pa.float64(),
            "run_id": pa.string(),
            "produced_at": pa.timestamp("us", tz="UTC"),
        },
    ),
]

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from servers import Sshd

# Executors take the python of PATH otherwise, which has no pyarrow.
os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable


# What a quick run has: each thing that is promised once, in the cheapest way.
QUICK = [
    "test_cuts.py",
    "test_write.py::test_rows_are_appended",
    "test_write.py::test_overwrite_replaces_all",
    "test_write.py::test_a_failing_task_leaves_nothing",
    "test_write.py::test_secrets_are_not_shown",
    "test_formats.py::test_json",
    "test_formats.py::test_parquet[snappy]",
    "test_formats.py::test_folders_by_columns",
    "test_formats.py::test_a_single_file_has_exactly_the_name[gzip]",
    "test_read.py::test_what_is_written_is_read[parquet]",
    "test_read.py::test_columns_are_found",
    "test_streams.py::test_new_files_are_taken_once",
    "test_streams.py::test_a_stream_is_written_once",
    "test_filters.py::test_row_groups_are_left_out[n = 123-True]",
    "test_filters.py::test_a_base_path_keeps_columns_of_folders",
    "test_refusals.py::test_one_of_many_folders_is_refused[no looking]",
    "test_refusals.py::test_a_full_disk[append]",
    "test_readme.py",
]


def pytest_addoption(parser):
    parser.addoption("--quick", action="store_true", help="the tests that CI has time for, and a sample of the cuts")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--quick"):
        left_out = [item for item in items if not item.nodeid.removeprefix("tests/").startswith(tuple(QUICK))]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
        missing = [one for one in QUICK if not any(one in item.nodeid for item in items)]
        assert not missing or config.args != config.getini("testpaths"), f"no test is called {missing}"


@pytest.fixture(scope="session")
def is_quick(request):
    return request.config.getoption("--quick")


@pytest.fixture(scope="session")
def sshd(tmp_path_factory):
    server = Sshd(tmp_path_factory.mktemp("sshd"))
    yield server
    server.end()


@pytest.fixture(scope="session")
def events(tmp_path_factory):
    return tmp_path_factory.mktemp("events")


@pytest.fixture(scope="session")
def spark(events):
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2,2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.eventLog.enabled", "true")
        .config("spark.eventLog.dir", f"file://{events}")
        .config("spark.eventLog.compress", "false")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.fixture
def target(tmp_path):
    """A folder that the server may write to, and that the test looks into."""
    return tmp_path / "in"

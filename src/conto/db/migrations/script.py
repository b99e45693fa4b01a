"""Running a file of several statements in a migration's transaction."""

from sqlalchemy import Connection
from sqlalchemy.util import await_only


def run_script(connection: Connection, sql: str) -> None:
    """Run the statements; the driver takes several at once only without parameters."""
    connection.exec_driver_sql("select 1")
    driver = connection.connection.driver_connection
    assert driver is not None
    await_only(driver.execute(sql))

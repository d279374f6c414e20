"""From files to tables: which files there are, what is in them, whether they agree, and the SQL that reads them."""

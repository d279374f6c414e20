"""What the user wrote: addresses, kinds, schemas, and the loader that turns files into resources. Pure data."""

"""How a database comes to the present schema: one numbered file a step in `versions/`, never changed once released."""

"""The page that a study is judged by: what was found, how sure it is, what was run."""

"""The dashboard's web server: Voila with our template and settings."""

"""What runs inside Spark: pure Spark SQL, no Airflow; its own virtual environment or image."""

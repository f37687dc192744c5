"""Plain Python, no Airflow: reads Marquez, knows, decides, explains."""

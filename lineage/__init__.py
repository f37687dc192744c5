"""The Airflow side: operators and hooks that do things and say what they did."""

-- One row per day of `affected_dates`, in the order of the contract warehouse.daily_summary, which explains each figure.
-- Four definitions of conversion are in use; each keeps its own name. A ratio with nothing to divide by is null.
SELECT
  affected_dates.report_date,
  COALESCE(happened.total_events, 0) AS total_events,
  COALESCE(happened.unique_users, 0) AS unique_users,
  COALESCE(visits.unique_sessions, 0) AS unique_sessions,
  COALESCE(happened.total_orders, 0) AS total_orders,
  COALESCE(happened.cancelled_orders, 0) AS cancelled_orders,
  COALESCE(happened.total_revenue, 0) AS total_revenue,
  COALESCE(happened.expected_revenue, 0) AS expected_revenue,
  CAST(happened.purchase_revenue / NULLIF(happened.total_orders, 0) AS DECIMAL(14, 2)) AS average_order_value,
  CAST(happened.total_orders AS DOUBLE PRECISION) / NULLIF(happened.cart_adds, 0) AS conversion_event_rate,
  visits.conversion_session_rate,
  CAST(visits.purchase_sessions AS DOUBLE PRECISION) / NULLIF(visits.cart_sessions, 0) AS conversion_cart_session_rate,
  CAST(visits.purchase_sessions AS DOUBLE PRECISION) / NULLIF(visits.view_sessions, 0) AS conversion_view_session_rate,
  CAST(100 * COALESCE(happened.total_orders, 0) AS DOUBLE PRECISION)
    / NULLIF(visits.unique_sessions, 0) AS conversion_orders_per_session_pct,
  CAST(visits.abandoned_sessions AS DOUBLE PRECISION) / NULLIF(visits.cart_sessions, 0) AS cart_abandonment_rate,
  visits.avg_session_duration_minutes,
  affected_dates.updated_at
FROM affected_dates
LEFT JOIN (
  SELECT
    events.processing_date,
    COUNT(events.event_id) AS total_events,
    COUNT(DISTINCT events.user_id) AS unique_users,
    SUM(CASE WHEN events.event_type = 'purchase' THEN 1 ELSE 0 END) AS total_orders,
    SUM(CASE WHEN events.event_type = 'order_cancelled' THEN 1 ELSE 0 END) AS cancelled_orders,
    SUM(CASE WHEN events.event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_adds,
    SUM(CASE WHEN events.event_type = 'purchase' THEN events.event_revenue END) AS purchase_revenue,
    SUM(events.event_revenue) AS total_revenue,
    SUM(events.expected_revenue) AS expected_revenue
  FROM events
  WHERE events.processing_date IN (SELECT affected_dates.report_date FROM affected_dates)
  GROUP BY events.processing_date
) AS happened ON happened.processing_date = affected_dates.report_date
LEFT JOIN (
  SELECT
    user_sessions.session_date,
    COUNT(user_sessions.session_key) AS unique_sessions,
    SUM(CASE WHEN user_sessions.page_views > 0 THEN 1 ELSE 0 END) AS view_sessions,
    SUM(CASE WHEN user_sessions.has_cart_activity THEN 1 ELSE 0 END) AS cart_sessions,
    SUM(CASE WHEN user_sessions.has_purchase THEN 1 ELSE 0 END) AS purchase_sessions,
    SUM(CASE WHEN user_sessions.abandoned_cart THEN 1 ELSE 0 END) AS abandoned_sessions,
    AVG(user_sessions.conversion_rate) AS conversion_session_rate,
    AVG(user_sessions.session_duration_minutes) AS avg_session_duration_minutes
  FROM user_sessions
  WHERE user_sessions.session_date IN (SELECT affected_dates.report_date FROM affected_dates)
  GROUP BY user_sessions.session_date
) AS visits ON visits.session_date = affected_dates.report_date

-- Which image starts slowest, and of how many starts is that known?
SELECT image, count(*) AS starts, quantile_disc(total_ns, 0.5) / 1e6 AS p50_ms, quantile_disc(total_ns, 0.9) / 1e6 AS p90_ms
FROM coldtrace WHERE kind = 'start' AND outcome = 'ok' GROUP BY image ORDER BY p90_ms DESC, image;

-- Which nodes are slower than the fleet?
WITH all_of_them AS (SELECT runtime, quantile_disc(total_ns, 0.5) AS p50 FROM coldtrace WHERE kind = 'start' AND outcome = 'ok' GROUP BY runtime)
SELECT node, runtime, count(*) AS starts, quantile_disc(total_ns, 0.5) / 1e6 AS p50_ms, round(quantile_disc(total_ns, 0.5) / any_value(p50), 2) AS times_the_fleet
FROM coldtrace JOIN all_of_them USING (runtime) WHERE kind = 'start' AND outcome = 'ok'
GROUP BY node, runtime HAVING count(*) >= 3 ORDER BY times_the_fleet DESC, node, runtime LIMIT 10;

-- Where does the time of a start go?
SELECT runtime, count(*) AS starts, round(avg(pull_ns) / 1e6, 1) AS pull_ms, round(avg(coalesce(create_ns, 0)) / 1e6, 1) AS create_ms,
  round(avg(coalesce(connect_ns, 0)) / 1e6, 1) AS connect_ms, round(avg(coalesce(start_ns, 0)) / 1e6, 1) AS start_ms, round(avg(coalesce(ready_ns, 0)) / 1e6, 1) AS ready_ms
FROM coldtrace WHERE kind = 'start' AND outcome = 'ok' GROUP BY runtime ORDER BY runtime;

-- What failed, in which phase, and what did the engine say?
SELECT node, image, failed_phase, failed_message, count(*) AS times
FROM coldtrace WHERE outcome = 'failed' GROUP BY ALL ORDER BY times DESC, node, image, failed_phase, failed_message LIMIT 10;

-- How many starts at once, at most, in each minute?
SELECT time_bucket(INTERVAL 1 MINUTE, begin_time::TIMESTAMP) AS minute, count(*) AS starts, max(total_ns) / 1e6 AS worst_ms
FROM coldtrace WHERE kind = 'start' AND outcome = 'ok' GROUP BY minute ORDER BY minute;

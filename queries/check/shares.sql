-- purpose: share of a run's samples by function
-- grain: function, as samples name it
-- columns: function, name, share
-- $run: the run. name: as in the source, where the function has loops.
SELECT s.function, any_value(f.name) AS name, sum(count) / any_value(total) AS share
FROM (SELECT *, sum(count) OVER () AS total FROM samples WHERE run_id = $run) s
LEFT JOIN (SELECT function, any_value(function_name) AS name FROM loops
           WHERE run_id = $run GROUP BY function) f ON f.function = s.function
GROUP BY s.function
ORDER BY ALL

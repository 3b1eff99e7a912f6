-- purpose: share of a run's samples by loop, or by function for code outside any loop
-- grain: loop; outside loops a function, a library's symbol, or a kind of work of the kernel
-- columns: run_id, loop, function, object, file, line, samples, share
-- The kernel's samples are split as those of the call chains are: what it did, only a chain tells.
WITH totals AS (
    SELECT run_id, sum(count) AS total FROM samples GROUP BY run_id
), kernel_parts AS (
    SELECT run_id, kernel, sum(count) / sum(sum(count)) OVER (PARTITION BY run_id) AS part
    FROM callers WHERE kernel IS NOT NULL GROUP BY run_id, kernel
), in_kernel AS (
    SELECT run_id, sum(count) AS count FROM samples WHERE object = '[kernel]' GROUP BY run_id
), placed AS (
    SELECT run_id, loop, count,
           CASE WHEN loop IS NULL THEN coalesce(function, symbol, '[unknown]') END AS function,
           CASE WHEN loop IS NULL THEN object END AS object,
           CASE WHEN loop IS NULL THEN file END AS file,
           CASE WHEN loop IS NULL THEN line END AS line
    FROM samples WHERE object <> '[kernel]'
    UNION ALL BY NAME
    SELECT run_id, count * coalesce(p.part, 1) AS count, '[kernel]' AS object,
           coalesce(p.kernel, 'all system calls and faults') AS function
    FROM in_kernel LEFT JOIN kernel_parts p USING (run_id)
)
SELECT p.run_id, p.loop, p.function, p.object, any_value(p.file) AS file, min(p.line) AS line,
       round(sum(p.count))::BIGINT AS samples, sum(p.count) / any_value(t.total) AS share
FROM placed p JOIN totals t USING (run_id)
GROUP BY p.run_id, p.loop, p.function, p.object

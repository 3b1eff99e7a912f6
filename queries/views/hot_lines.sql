-- purpose: the source lines that each sampled place spends its time on, the hottest first
-- grain: sampled place (as in sample_shares) x line, and the function that it was written in
-- columns: run_id, loop, function, object, written_in, file, line, samples, share, part, rank
-- part is that of the place; of a loop also lines of what is inlined into it. line is NULL for code that
-- the compiler gives no line, such as jumps that it merged or copied: an interpreter's dispatch.
WITH placed AS (
    SELECT run_id, loop, CASE WHEN loop IS NULL THEN function END AS function,
           CASE WHEN loop IS NULL THEN object END AS object, function AS written_in, file, line,
           sum(count)::BIGINT AS samples
    FROM samples WHERE own AND coalesce(loop, function) IS NOT NULL GROUP BY ALL
), parts AS (
    SELECT *, samples / sum(samples) OVER (PARTITION BY run_id, loop, function, object) AS part,
           row_number() OVER (PARTITION BY run_id, loop, function, object
                              ORDER BY samples DESC, file, line) AS rank
    FROM placed
), totals AS (
    SELECT run_id, sum(count) AS total FROM samples GROUP BY run_id
)
SELECT p.run_id, p.loop, p.function, p.object, p.written_in, p.file, p.line, p.samples,
       p.samples / t.total AS share, p.part, p.rank
FROM parts p JOIN totals t USING (run_id)

-- purpose: each decision of the inliner with the samples and the code that came of it
-- grain: decision, of runs collected with --decisions
-- columns: run_id, module, sequence, caller, callee, place, chain, inlined, cost, threshold, samples, share, bytes, features
-- samples and bytes are those of the copy in the caller's code, with whatever was inlined into it; of
-- a call that is kept, those of the callee's own code. Copies of one call in one caller share them.
-- NULL where the caller's code is gone, inlined itself.
WITH code AS (
    SELECT i.run_id, i.address, i.symbol, i.frames, coalesce(s.samples, 0) AS samples,
           least(coalesce(lead(i.address) OVER (PARTITION BY i.run_id ORDER BY i.address) - i.address, 1), 15) AS bytes
    FROM instructions i LEFT JOIN address_samples s ON s.run_id = i.run_id AND s.address = i.address
), own AS (
    SELECT run_id, symbol, sum(samples)::BIGINT AS samples, sum(bytes)::BIGINT AS bytes
    FROM code GROUP BY run_id, symbol
), totals AS (
    -- of all of the time, as everywhere else: libraries and the kernel, too
    SELECT run_id, nullif(sum(count), 0) AS samples FROM samples GROUP BY run_id
), lists AS (
    SELECT run_id, symbol, frames, sum(samples) AS samples, sum(bytes) AS bytes
    FROM code WHERE len(frames) > 1 GROUP BY run_id, symbol, frames
), stacked AS (
    SELECT *, unnest(range(1, len(frames))) AS depth FROM lists
), steps AS (
    SELECT DISTINCT run_id, symbol, frames, samples, bytes, frames[depth].function AS callee,
           frames[depth + 1].file AS file, frames[depth + 1].line AS line, frames[depth + 1]."column" AS "column"
    FROM stacked
), copies AS (
    SELECT run_id, symbol, callee, file, line, "column", sum(samples)::BIGINT AS samples, sum(bytes)::BIGINT AS bytes
    FROM steps GROUP BY run_id, symbol, callee, file, line, "column"
)
SELECT d.run_id, d.module, d.sequence, d.caller, d.callee,
       d.file || ':' || d.line || ':' || d."column" AS place, d.chain, d.inlined, d.cost, d.threshold,
       CASE WHEN d.inlined THEN c.samples ELSE o.samples END AS samples,
       CASE WHEN d.inlined THEN c.samples ELSE o.samples END / t.samples AS share,
       CASE WHEN d.inlined THEN c.bytes ELSE o.bytes END AS bytes, d.features
FROM decisions d
LEFT JOIN copies c ON c.run_id = d.run_id AND c.symbol = d.caller AND c.callee = d.callee
 AND c.file = d.file AND c.line = d.line AND c."column" = d."column"
LEFT JOIN own o ON o.run_id = d.run_id AND o.symbol = d.callee
LEFT JOIN totals t ON t.run_id = d.run_id
ORDER BY share DESC NULLS LAST, d.module, d.sequence, d.run_id

-- purpose: each call that the inliner decided on: what was decided, what it cost, what could be had
-- grain: call as it stands in the source (callee and place)
-- columns: run_id, callee, callee_name, place, file, line, column, callers, inlined, kept, reason, said, cost, threshold, calls, inlined_samples, inlined_share, bytes, copies, callee_samples, callee_share, callee_bytes, weight
-- said is what the compiler says of the reason. copies are those of the code, each at another place:
-- what a call was inlined into may have been inlined itself.
-- One call is decided once for each function that it got into. inlined and kept count those functions;
-- reason, cost and threshold are of those that keep it (the least cost), else of the costliest that
-- was inlined. inlined_samples and bytes are of the code that came of the inlined copies, by its
-- inline frames, with whatever was inlined into that. callee_* are of the callee's own code where it
-- is still called: its samples are divided among the calls that are left by how often they ran
-- (calls, of the line), evenly where that is not known. weight is the share of the time in question,
-- or of the code where no time goes: what a look at the call is worth at most.
WITH said AS (
    SELECT run_id, function AS caller, file, line, "column", name, tag = 'Passed' AS inlined,
           list_filter(args, lambda a: a.key = 'Callee')[1].value AS callee,
           list_filter(args, lambda a: a.key = 'Reason')[1].value AS said,
           TRY_CAST(list_filter(args, lambda a: a.key = 'Cost')[1].value AS BIGINT) AS cost,
           TRY_CAST(list_filter(args, lambda a: a.key = 'Threshold')[1].value AS BIGINT) AS threshold
    FROM remarks WHERE pass = 'inline' AND line > 0
), code AS (
    SELECT i.run_id, i.address, i.symbol, i.frames, coalesce(s.samples, 0) AS samples,
           least(coalesce(lead(i.address) OVER (PARTITION BY i.run_id ORDER BY i.address) - i.address, 1), 15) AS bytes
    FROM instructions i LEFT JOIN address_samples s ON s.run_id = i.run_id AND s.address = i.address
), totals AS (
    -- of all of the time, as everywhere else: libraries and the kernel, too
    SELECT c.run_id, any_value(s.samples) AS samples, nullif(sum(c.bytes), 0) AS bytes
    FROM code c LEFT JOIN (SELECT run_id, nullif(sum(count), 0) AS samples FROM samples GROUP BY run_id) s USING (run_id) GROUP BY c.run_id
), own AS (
    SELECT run_id, symbol, sum(samples)::BIGINT AS samples, sum(bytes)::BIGINT AS bytes
    FROM code GROUP BY run_id, symbol
), frame_lists AS (
    SELECT run_id, frames, sum(samples) AS samples, sum(bytes) AS bytes FROM code WHERE len(frames) > 1 GROUP BY run_id, frames
), stacked AS (
    SELECT run_id, frames, samples, bytes, unnest(range(1, len(frames))) AS depth FROM frame_lists
), steps AS (
    SELECT DISTINCT run_id, frames, frames[depth].function AS callee, frames[depth + 1].file AS file,
           frames[depth + 1].line AS line, frames[depth + 1]."column" AS "column", samples, bytes,
           hash(frames[depth + 1:]) AS copy
    FROM stacked
), copies AS (
    SELECT run_id, callee, file, line, "column", sum(samples)::BIGINT AS samples, sum(bytes)::BIGINT AS bytes,
           count(DISTINCT copy) AS copies
    FROM (SELECT run_id, callee, file, line, "column", frames, any_value(samples) AS samples, any_value(bytes) AS bytes,
                 any_value(copy) AS copy FROM steps GROUP BY ALL)
    GROUP BY run_id, callee, file, line, "column"
), ran AS (
    SELECT run_id, file, line, max(count) AS calls FROM execution GROUP BY run_id, file, line
), sites AS (
    SELECT run_id, callee, file, line, "column",
           list(DISTINCT caller ORDER BY caller) AS callers,
           count(DISTINCT caller) FILTER (inlined) AS inlined,
           count(DISTINCT caller) FILTER (NOT inlined) AS kept,
           coalesce(arg_min(name, coalesce(cost, 1000000)) FILTER (NOT inlined),
                    arg_max(name, coalesce(cost, -1000000)) FILTER (inlined)) AS reason,
           arg_min(said, coalesce(cost, 1000000)) FILTER (NOT inlined) AS said,
           CASE WHEN bool_and(inlined) THEN max(cost) ELSE min(cost) FILTER (NOT inlined) END AS cost,
           CASE WHEN bool_and(inlined) THEN arg_max(threshold, cost)
                ELSE arg_min(threshold, cost) FILTER (NOT inlined) END AS threshold
    FROM said WHERE callee IS NOT NULL GROUP BY run_id, callee, file, line, "column"
), called AS (
    SELECT s.*, r.calls,
           CASE WHEN s.kept = 0 THEN NULL
                WHEN count(r.calls) OVER callee_kept = count(*) OVER callee_kept AND sum(r.calls) OVER callee_kept > 0
                THEN r.calls / sum(r.calls) OVER callee_kept
                ELSE 1.0 / count(*) OVER callee_kept END AS part
    FROM sites s LEFT JOIN ran r ON r.run_id = s.run_id AND r.file = s.file AND r.line = s.line
    WINDOW callee_kept AS (PARTITION BY s.run_id, s.callee, s.kept > 0)
)
SELECT c.run_id, c.callee, coalesce(f.name, c.callee) AS callee_name,
       c.file || ':' || c.line || ':' || c."column" AS place, c.file, c.line, c."column", c.callers,
       c.inlined, c.kept, c.reason, c.said, c.cost, c.threshold, c.calls,
       i.samples AS inlined_samples, i.samples / t.samples AS inlined_share, i.bytes, i.copies,
       round(o.samples * c.part)::BIGINT AS callee_samples, o.samples * c.part / t.samples AS callee_share,
       CASE WHEN c.kept > 0 THEN o.bytes END AS callee_bytes,
       greatest(coalesce(o.samples * c.part / t.samples, 0),
                CASE WHEN coalesce(i.samples / t.samples, 0) < 0.005 THEN coalesce(i.bytes / t.bytes, 0) ELSE 0 END) AS weight
FROM called c
LEFT JOIN copies i ON i.run_id = c.run_id AND i.callee = c.callee AND i.file = c.file AND i.line = c.line
 AND i."column" IS NOT DISTINCT FROM c."column"
LEFT JOIN own o ON o.run_id = c.run_id AND o.symbol = c.callee AND c.kept > 0
LEFT JOIN totals t ON t.run_id = c.run_id
LEFT JOIN functions f ON f.run_id = c.run_id AND f.linkage = c.callee
WHERE c.inlined > 0 OR o.symbol IS NOT NULL
ORDER BY weight DESC, c.file, c.line, c."column", c.callee, c.run_id

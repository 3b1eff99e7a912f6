-- purpose: each call that the inliner decided on: what was decided, what it cost, what could be had
-- grain: call as it stands in the source (callee and place)
-- columns: run_id, callee, callee_name, place, file, line, column, callers, inlined, kept, reason, said, cost, threshold, calls, calls_why, inlined_samples, inlined_share, bytes, copies, callee_samples, callee_share, most_share, callee_bytes, weight
-- said is what the compiler says of the reason. copies are those of the code, each at another place:
-- what a call was inlined into may have been inlined itself.
-- One call is decided once for each function that it got into. inlined and kept count those functions;
-- reason, cost and threshold are of those that keep it (the least cost), else of the costliest that
-- was inlined. inlined_samples and bytes are of the code that came of the inlined copies, by its
-- inline frames, with whatever was inlined into that. callee_* are of the callee's own code where it
-- is still called: its samples are divided among the calls that are left by how often they ran
-- (calls, of the view call_counts; calls_why says why that is not known), and are NULL where that
-- cannot be told. most_share is then what the callee's other calls leave of it, else callee_share: what
-- may be the call's at most. weight is the share of the time in question, or of the code where no time goes:
-- what a look at the call is worth at most.
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
), definitions AS (
    -- functions of one name in several units share their symbol's samples
    SELECT run_id, function AS callee, count(DISTINCT place) AS definitions
    FROM (SELECT run_id, function, unit, min([file, line::VARCHAR, "column"::VARCHAR]) FILTER (file_id = 0) AS place
          FROM execution_regions WHERE function_count > 0 GROUP BY ALL) GROUP BY ALL
), callees AS (
    -- entered is how often a callee's own code was entered: what calls that are inlined everywhere leave
    SELECT s.run_id, s.callee, count(*) FILTER (s.kept > 0) AS kept, sum(n.calls) FILTER (s.kept > 0) AS kept_calls,
           bool_and(n.calls IS NOT NULL AND s.inlined = 0) FILTER (s.kept > 0) AS counted,
           CASE WHEN bool_and(s.kept = 0 OR s.inlined = 0) AND bool_and(n.calls IS NOT NULL OR s.kept > 0)
                THEN any_value(n.callee_calls) - coalesce(sum(n.calls) FILTER (s.kept = 0), 0) END AS entered
    FROM sites s LEFT JOIN call_counts n ON n.run_id = s.run_id AND n.callee = s.callee AND n.file = s.file AND n.line = s.line
     AND n."column" = coalesce(s."column", 0)
    GROUP BY s.run_id, s.callee
), called AS (
    SELECT s.*, n.calls, n.why AS calls_why,
           CASE WHEN s.kept = 0 THEN NULL
                WHEN a.kept > 1 AND d.definitions > 1 THEN NULL
                WHEN s.inlined = 0 AND a.entered >= n.calls AND a.entered > 0 THEN n.calls / a.entered
                WHEN a.kept = 1 THEN 1.0
                WHEN a.counted AND a.kept_calls > 0 THEN n.calls / a.kept_calls END AS part
    FROM sites s JOIN callees a ON a.run_id = s.run_id AND a.callee = s.callee
    LEFT JOIN definitions d ON d.run_id = s.run_id AND d.callee = s.callee
    LEFT JOIN call_counts n ON n.run_id = s.run_id AND n.callee = s.callee AND n.file = s.file AND n.line = s.line
     AND n."column" = coalesce(s."column", 0)
), bounded AS (
    SELECT *, CASE WHEN kept > 0 THEN coalesce(part, 1 - coalesce(sum(part) OVER (PARTITION BY run_id, callee), 0)) END AS most
    FROM called
)
SELECT c.run_id, c.callee, coalesce(f.name, c.callee) AS callee_name,
       c.file || ':' || c.line || ':' || c."column" AS place, c.file, c.line, c."column", c.callers,
       c.inlined, c.kept, c.reason, c.said, c.cost, c.threshold, c.calls, c.calls_why,
       i.samples AS inlined_samples, i.samples / t.samples AS inlined_share, i.bytes, i.copies,
       round(o.samples * c.part)::BIGINT AS callee_samples, o.samples * c.part / t.samples AS callee_share,
       o.samples * c.most / t.samples AS most_share,
       CASE WHEN c.kept > 0 THEN o.bytes END AS callee_bytes,
       greatest(coalesce(o.samples * c.most / t.samples, 0),
                CASE WHEN coalesce(i.samples / t.samples, 0) < 0.005 THEN coalesce(i.bytes / t.bytes, 0) ELSE 0 END) AS weight
FROM bounded c
LEFT JOIN copies i ON i.run_id = c.run_id AND i.callee = c.callee AND i.file = c.file AND i.line = c.line
 AND i."column" IS NOT DISTINCT FROM c."column"
LEFT JOIN own o ON o.run_id = c.run_id AND o.symbol = c.callee AND c.kept > 0
LEFT JOIN totals t ON t.run_id = c.run_id
LEFT JOIN functions f ON f.run_id = c.run_id AND f.linkage = c.callee
WHERE c.inlined > 0 OR o.symbol IS NOT NULL
ORDER BY weight DESC, c.file, c.line, c."column", c.callee, c.run_id

-- purpose: how often each call ran, by the region of the source that most closely encloses it
-- grain: call that the inliner decided on (callee and place)
-- columns: run_id, callee, file, line, column, calls, why, callee_calls
-- calls is NULL where that cannot be told, and why says so; callee_calls is how often the callee was
-- called in all, through pointers too. A region counts for the functions that the compiler names as
-- callers, so that instantiations of one template stay apart. Code that a macro writes stands where
-- the macro is used: it has a count where all of the macro's parts ran equally often. What an
-- object's end calls stands at the brace of its block, what a range-based for calls at its colon.
WITH RECURSIVE said AS (
    SELECT run_id, function AS caller, unit, file, line, "column", sum(coalesce("count", 1)) AS times,
           list_filter(args, lambda a: a.key = 'Callee')[1].value AS callee
    FROM remarks WHERE pass = 'inline' AND line > 0 GROUP BY ALL
), decided AS (
    SELECT run_id, callee, file, line, coalesce("column", 0) AS "column", caller, max(times) AS times
    FROM said WHERE callee IS NOT NULL GROUP BY ALL
), sites AS (
    SELECT DISTINCT run_id, file, line, "column" FROM decided
), regions AS (
    SELECT run_id, function, coalesce(unit, '') AS unit, file_id, file, line, "column", end_line, end_column, count, kind,
           expanded_id, function_count
    FROM execution_regions WHERE kind IN ('code', 'gap', 'expansion')
), extents AS (
    SELECT run_id, function, unit, file_id, file, min([line, "column"]) AS first, max([end_line, end_column]) AS last
    FROM regions GROUP BY ALL
), bodies AS (
    -- a lambda's body lies in that of its function: the one that begins last
    SELECT s.*, e.function, e.unit, e.file_id
    FROM sites s JOIN extents e ON e.run_id = s.run_id AND e.file = s.file AND e.first <= [s.line, s."column"]
     AND [s.line, s."column"] < e.last
    QUALIFY e.first = max(e.first) OVER (PARTITION BY s.run_id, s.file, s.line, s."column")
), innermost AS (
    SELECT b.run_id, b.function, b.unit, b.file_id, b.file, b.line, b."column",
           arg_max({'count': r.count, 'kind': r.kind, 'line': r.line, 'column': r."column", 'end_line': r.end_line,
                    'end_column': r.end_column, 'expanded': r.expanded_id},
                   [r.line, r."column", -r.end_line, -r.end_column, (r.kind = 'code')::INT]) AS region
    FROM bodies b JOIN regions r ON r.run_id = b.run_id AND r.function = b.function AND r.unit = b.unit
     AND r.file_id = b.file_id AND r.file = b.file
    WHERE [r.line, r."column"] <= [b.line, b."column"] AND [b.line, b."column"] < [r.end_line, r.end_column]
    GROUP BY ALL
), used AS (
    SELECT DISTINCT run_id, function, unit FROM bodies
), macros AS (
    SELECT r.* FROM regions r JOIN used USING (run_id, function, unit) WHERE r.kind = 'expansion'
), nested AS (
    SELECT run_id, function, unit, expanded_id AS top, expanded_id AS id FROM macros
    UNION
    SELECT n.run_id, n.function, n.unit, n.top, m.expanded_id
    FROM nested n JOIN macros m ON m.run_id = n.run_id AND m.function = n.function AND m.unit = n.unit AND m.file_id = n.id
), parts AS (
    SELECT n.run_id, n.function, n.unit, n.top,
           CASE WHEN count(*) = count(r.count) AND min(r.count) = max(r.count) THEN min(r.count) END AS count
    FROM nested n JOIN regions r ON r.run_id = n.run_id AND r.function = n.function AND r.unit = n.unit AND r.file_id = n.id
    GROUP BY ALL
), texts AS (
    -- columns count bytes
    SELECT run_id, file, line, regexp_replace(regexp_replace(regexp_replace(text, '[\x{80}-\x{7ff}]', 'xx', 'g'),
           '[\x{800}-\x{ffff}]', 'xxx', 'g'), '[\x{10000}-\x{10ffff}]', 'xxxx', 'g') AS text
    FROM source WHERE EXISTS (FROM sites s WHERE s.run_id = source.run_id AND s.file = source.file)
), before AS (
    -- macros that begin before the call, and the text from their name to the call
    SELECT b.run_id, b.function, b.unit, b.file_id, b.file, b.line, b."column", m.line AS at_line, m."column" AS at_column,
           any_value(p.count) AS count,
           string_agg(substr(t.text, CASE WHEN t.line = m.end_line THEN m.end_column ELSE 1 END,
                             CASE WHEN t.line = b.line THEN b."column" - 1 ELSE 10000 END
                             - CASE WHEN t.line = m.end_line THEN m.end_column - 1 ELSE 0 END), ' ' ORDER BY t.line) AS text
    FROM bodies b JOIN macros m ON m.run_id = b.run_id AND m.function = b.function AND m.unit = b.unit
     AND m.file_id = b.file_id AND m.line BETWEEN b.line - 20 AND b.line
     AND [m.end_line, m.end_column] <= [b.line, b."column"]
    LEFT JOIN parts p ON p.run_id = m.run_id AND p.function = m.function AND p.unit = m.unit AND p.top = m.expanded_id
    LEFT JOIN texts t ON t.run_id = b.run_id AND t.file = b.file AND t.line BETWEEN m.end_line AND b.line
    GROUP BY ALL
), cut AS (
    SELECT *, regexp_replace(regexp_replace(text, '"(\\.|[^"\\])*"', '', 'g'), '''(\\.|[^''\\])*''', '', 'g') AS plain FROM before
), opened AS (
    -- what is left of the parentheses when pairs are taken away, from the inside
    SELECT *, list_reduce(list_prepend(plain, range(8)::VARCHAR[]),
                          lambda left_over, step: regexp_replace(left_over, '\([^()]*\)', '', 'g')) AS left_over FROM cut
), arguments AS (
    SELECT run_id, function, unit, file_id, file, line, "column",
           arg_min({'count': count}, [at_line, at_column]).count AS count
    FROM opened WHERE left_over IS NULL OR regexp_matches(left_over, '^\s*\(') GROUP BY ALL
), counted AS (
    SELECT i.run_id, i.function, i.unit, i.file_id, i.file, i.line, i."column", substr(t.text, i."column", 2) AS text,
           CASE WHEN i.region.kind = 'expansion' THEN p.count
                WHEN a.line IS NOT NULL THEN CASE WHEN t.text IS NOT NULL OR a.count = i.region.count THEN a.count END
                WHEN i.region.kind = 'code' THEN i.region.count END AS count,
           i.region.kind = 'expansion' OR a.line IS NOT NULL AS macro,
           [i.region.end_line, i.region.end_column] = [i.line, i."column" + 1] AND substr(o.text, i.region."column", 1) = '{' AS block
    FROM innermost i
    LEFT JOIN parts p ON p.run_id = i.run_id AND p.function = i.function AND p.unit = i.unit AND p.top = i.region.expanded
    LEFT JOIN arguments a ON a.run_id = i.run_id AND a.function = i.function AND a.unit = i.unit AND a.file_id = i.file_id
     AND a.file = i.file AND a.line = i.line AND a."column" = i."column"
    LEFT JOIN texts t ON t.run_id = i.run_id AND t.file = i.file AND t.line = i.line
    LEFT JOIN texts o ON o.run_id = i.run_id AND o.file = i.file AND o.line = i.region.line
), each_caller AS (
    SELECT d.*, c.function, c.count, c.macro, c.text, c.block,
           regexp_matches(d.callee, '^_ZN.*[CD][0-2]E') AS of_object, regexp_matches(d.callee, 'D[0-2]Ev$') AS at_end
    FROM (SELECT run_id, callee, file, line, "column", list(caller) AS callers, map_from_entries(list((caller, times))) AS times
          FROM decided GROUP BY ALL) d
    LEFT JOIN counted c ON c.run_id = d.run_id AND c.file = d.file AND c.line = d.line AND c."column" = d."column"
), judged AS (
    SELECT *, CASE
           WHEN "column" = 0 THEN 'its column is not known'
           WHEN callee = '__clang_call_terminate' THEN 'only an exception leads there'
           WHEN function IS NULL THEN 'its code was not counted'
           WHEN text LIKE ':%' AND text <> '::' THEN 'a range-based for calls it'
           WHEN text IS NULL AND regexp_matches(callee, '(ppE|neE|deE|eqE|5beginE|3endE)') THEN 'a range-based for may call it'
           WHEN text LIKE '}%' AND block IS NOT TRUE OR text IS NULL AND at_end THEN 'its block may be left elsewhere'
           WHEN count IS NULL AND macro THEN 'parts of its macro ran differently often'
           WHEN count IS NULL THEN 'its count is not known'
           WHEN NOT at_end AND times[function] > 1 THEN 'several calls are at its place' END AS doubt
    FROM each_caller
    QUALIFY list_contains(callers, function)
         OR NOT coalesce(bool_or(list_contains(callers, function)) OVER (PARTITION BY run_id, callee, file, line, "column"), false)
), summed AS (
    SELECT run_id, callee, file, line, "column", any_value(of_object) AS of_object,
           CASE WHEN count(DISTINCT function) > 1 AND NOT any_value(list_contains(callers, function))
                THEN 'several functions have this place' ELSE min(doubt) END AS why,
           sum(count)::BIGINT AS calls
    FROM judged GROUP BY run_id, callee, file, line, "column"
), entered AS (
    SELECT run_id, function AS callee, sum(times)::BIGINT AS callee_calls
    FROM (SELECT run_id, function, unit, max(function_count) AS times FROM regions GROUP BY ALL) GROUP BY ALL
), checked AS (
    -- a call that never returns is counted as if it had; objects of an array are made at one place
    SELECT s.*, e.callee_calls, CASE
           WHEN why IS NOT NULL THEN why
           WHEN sum(calls) FILTER (why IS NULL) OVER of_callee > 1.001 * callee_calls THEN 'its callee was called less often'
           WHEN of_object AND sum(calls) FILTER (why IS NULL) OVER of_callee < callee_calls
                AND count(*) FILTER (why IS NOT NULL) OVER of_callee = 0 THEN 'its callee was called more often' END AS doubt
    FROM summed s LEFT JOIN entered e USING (run_id, callee)
    WINDOW of_callee AS (PARTITION BY s.run_id, s.callee)
)
SELECT run_id, callee, file, line, "column", CASE WHEN doubt IS NULL THEN calls END AS calls, doubt AS why, callee_calls
FROM checked ORDER BY file, line, "column", callee, run_id

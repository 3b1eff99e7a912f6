-- finds: time in streams of C++ that are kept in step with C's: character by character, through a lock
-- refuted-by: with std::ios::sync_with_stdio(false) the time stays
-- source: ISO C++ [ios.members.static] sync_with_stdio; libstdc++ manual, ch. 13 (Performance, stdio); C++ Core Guidelines, SL.io.10 and SL.io.50
WITH used AS (
    SELECT *, regexp_matches(coalesce(via, ''), '^_Z(NK?S[iod]|St(rs|ls)I|St7getlineI|St4endlI|St5flushI|St16__ostream_insert)') AS streaming,
           -- what goes away: the characters one at a time (words are copied out of a buffer whole), and what is written at each end of a line, or before each reading
           streaming AND (object = '[kernel]' OR regexp_matches(coalesce(function, ''), 'stdio_sync_filebuf|^_ZSt(rs|ls|7getline)I|getc|ungetc|putc|putback|fflush|_IO_|flush|write|sentry')) AS step,
           coalesce(function, '') LIKE '%stdio_sync_filebuf%' AS synced,
           caller || coalesce(' (' || file || ':' || line || ')', '') AS asked
    FROM callers
), whole AS (
    SELECT run_id, sum(count) AS total, sum(count) FILTER (streaming) AS n, sum(count) FILTER (step) AS steps, sum(count) FILTER (synced) AS synced,
           sum(count) FILTER (via = '_ZNSo5flushEv' OR via LIKE '\_ZSt4endl%' ESCAPE '\' AND caller IS NOT NULL) AS flushed, arg_max(asked, count) FILTER (streaming) AS asked
    FROM used GROUP BY run_id HAVING synced > 0.05 * n AND n > 0.1 * total
), rows_of AS (
    SELECT run_id, function, object FROM used WHERE loop IS NULL GROUP BY ALL HAVING sum(count) FILTER (streaming) >= 0.5 * sum(count)
)
SELECT h.run_id, id, w.steps / w.total AS of_time, nullif(first_value(id) OVER (PARTITION BY h.run_id ORDER BY id), id) AS within, 0.92 AS strength, 'infinity'::DOUBLE AS part,
       printf('%.1f %%', 100 * w.n / w.total) || ' of the time in all goes by in streams (std::cin, std::cout) that are kept in step with C''s, ' || printf('%.1f %%', 100 * w.steps / w.total) || ' for taking and giving single characters' || CASE WHEN w.flushed > 0.01 * w.total THEN ' and flushing' ELSE '' END || ', called in ' || w.asked AS says,
       'call std::ios::sync_with_stdio(false) and std::cin.tie(nullptr) before the first use' || CASE WHEN w.flushed > 0.01 * w.total THEN ', and ''\n'' in place of std::endl, which flushes' ELSE '' END || '; std::from_chars for numbers does more' AS helps, NULL AS flags,
       [{'rows': 'FROM callers WHERE via LIKE ''\_Z%'' ESCAPE ''\'' AND function LIKE ''%stdio\_sync\_filebuf%'' ESCAPE ''\''', 'says': w.n || ' of ' || w.total || ' samples under streams'}] AS evidence
FROM h JOIN rows_of o ON o.run_id = h.run_id AND o.function = h.symbol AND o.object = h.object JOIN whole w ON w.run_id = h.run_id
WHERE h.loop IS NULL AND NOT h.own

-- finds: time goes into exceptions that are thrown and caught: the stack is unwound by tables, frame by frame
-- refuted-by: with a test in place of the exception the time stays
-- source: Itanium C++ ABI: Exception Handling, 1.3 (two phases); C++ Core Guidelines, E.3 (exceptions for error handling only)
WITH raised AS (
    SELECT *, regexp_matches(coalesce(via, ''), '^(_ZSt[0-9]+__throw_|_?__cxa_(throw|rethrow|begin_catch|end_catch|allocate_exc|free_exc)|_Unwind_(RaiseException|Resume)|__gxx_pers)')
           -- the chain is lost where the unwinder itself is at work on the stack
           OR caller IS NULL AND (parse_filename(object) LIKE 'libgcc\_s%' ESCAPE '\' OR regexp_matches(coalesce(function, ''), '^(_Unwind|_dl_find_object|__gxx_pers|__cxa_)')) AS throws,
           caller || coalesce(' (' || file || ':' || line || ')', '') AS asked
    FROM callers
), totals AS (
    SELECT run_id, sum(count) AS total FROM callers GROUP BY run_id
), whole AS (
    SELECT run_id, sum(count) AS n, arg_max(asked, count) FILTER (regexp_matches(via, 'throw|Raise')) AS asked
    FROM (SELECT run_id, via, asked, sum(count) AS count FROM raised WHERE throws GROUP BY ALL) GROUP BY run_id
), beside AS (
    -- what else is called on the line goes with it: what replaces std::stoi reads the number, too
    SELECT r.run_id, sum(r.count) AS n FROM raised r JOIN whole w ON w.run_id = r.run_id AND w.asked = r.asked AND NOT r.throws AND r.via IS NOT NULL GROUP BY ALL
), rows_of AS (
    SELECT run_id, function, object FROM raised WHERE loop IS NULL GROUP BY ALL HAVING sum(count) FILTER (throws) >= 0.5 * sum(count)
), places AS (
    SELECT h.*, first_value(id) OVER (PARTITION BY h.run_id ORDER BY id) AS head
    FROM h JOIN rows_of o ON o.run_id = h.run_id AND o.function = h.symbol AND o.object = h.object WHERE h.loop IS NULL AND NOT h.own
), caught AS (
    -- how often handlers of the program's own ran; of several regions on a line the last is the handler's
    SELECT run_id, sum(n) AS times FROM (
        SELECT i.run_id, i.file, i.line, arg_max(e.count, e."column") AS n
        FROM (SELECT DISTINCT run_id, file, line FROM instructions WHERE kind = 'call' AND operands LIKE '%<\_\_cxa\_begin\_catch%' ESCAPE '\' AND file NOT LIKE '/%') i
        JOIN execution_regions e ON e.run_id = i.run_id AND e.file = i.file AND e.line = i.line AND e.kind = 'code' GROUP BY ALL) GROUP BY run_id
)
SELECT p.run_id, id, least(1, (w.n + coalesce(b.n, 0)) / t.total) AS of_time, nullif(head, id) AS within, 0.95 AS strength, 'infinity'::DOUBLE AS part,
       CASE WHEN c.times >= 1e6 THEN printf('%.1f million', c.times / 1e6) || ' exceptions are' WHEN c.times > 1 THEN c.times || ' exceptions are' ELSE 'exceptions are' END ||
       ' thrown and caught in a run, ' || printf('%.1f %%', 100 * w.n / t.total) || ' of the time in all' || coalesce(', ' || printf('%.1f µs', 1e6 * p.seconds / p.share * w.n / t.total / nullif(c.times, 0)) || ' each', '') || coalesce(': raised in ' || w.asked, '') AS says,
       'test without one: std::from_chars in place of std::stoi, find in place of at, std::optional or a status for what happens often' AS helps, NULL AS flags,
       [{'rows': 'FROM callers WHERE via LIKE ''%throw%'' OR via LIKE ''\_Unwind%'' ESCAPE ''\'' OR via LIKE ''%\_\_cxa%'' ESCAPE ''\''', 'says': w.n || ' of ' || t.total || ' samples under throw and catch'}] AS evidence
FROM places p JOIN whole w USING (run_id) JOIN totals t USING (run_id) LEFT JOIN beside b USING (run_id) LEFT JOIN caught c USING (run_id)
WHERE w.n >= 0.05 * t.total

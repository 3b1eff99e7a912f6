-- purpose: for loops that nothing but a plain comparison of their index ends, as the source has them
-- grain: loop
-- columns: run_id, loop, counter, test, wraps
-- `counter` is counted up or down after each turn and set nowhere else; `test` compares it with
-- something that no function is asked for. `wraps`: by its type and step it may pass its bound and come
-- to the other end of its type, so that the compiler cannot count the turns.
WITH texts AS (
    SELECT l.run_id, l.key AS loop,
           string_agg(regexp_replace(CASE WHEN s.line = l.line THEN substr(s.text, greatest(coalesce(l."column", 1), 1)) ELSE s.text END, '//.*|/\*.*?\*/', '', 'g'), ' ' ORDER BY s.line) AS text
    FROM loops l JOIN source s ON s.run_id = l.run_id AND s.file = l.file AND s.line BETWEEN l.line AND l.end_line
    WHERE l.end_line - l.line < 100 GROUP BY ALL
), heads AS (
    SELECT run_id, loop, regexp_extract(text, '^\s*for\s*\(([^;{}]*);([^;{}]*);([^;(){}]*)\)(.*)$', ['first', 'test', 'next', 'body'], 's') AS head FROM texts
), counters AS (
    SELECT run_id, loop, trim(head.test) AS test, head.first AS first, head.next AS next, head.body AS body,
           regexp_extract(head.test, '^\s*(\w+)\s*(?:<|>|!=)', 1) AS counter
    FROM heads WHERE regexp_full_match(head.test, '\s*\w+\s*(<=?|>=?|!=)\s*[*]?\s*\w[\w.>+*/ -]*')
)
SELECT run_id, loop, counter, test,
       regexp_matches(first, '\b(unsigned|u?int(8|16|32|64)?_t|size_t)\b') AND NOT regexp_matches(first, '\bint(8|16|32|64)_t\b')
       AND (regexp_matches(test, '<=|>=|!=') OR regexp_matches(next, '[+-]=') OR NOT regexp_matches(first, '\b(size_t|uint64_t|long)\b'))
       -- of a type by another name only the step and the comparison tell
       OR NOT regexp_matches(first, '\b(unsigned|u?int(8|16|32|64)?_t|size_t|int|long|short|char|auto|ptrdiff_t|ssize_t)\b')
          AND (regexp_matches(test, '<=|>=|!=') OR regexp_matches(next, '[+-]=')) AS wraps
FROM counters
WHERE counter <> '' AND NOT regexp_matches(body, '\b(break|return|goto|throw|co_\w+)\b')
  AND regexp_matches(next, '(\+\+|--)\s*' || counter || '\b|\b' || counter || '\s*(\+\+|--|\+=|-=)')
  AND NOT regexp_matches(body, '(\+\+|--)\s*' || counter || '\b|\b' || counter || '\s*(\+\+|--|[-+*/%&|^]=|<<=|>>=|=[^=])')

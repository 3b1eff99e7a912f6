-- purpose: which kinds of move pay where which remark stands
-- grain: kind of remark x kind of move
-- columns: pass, name, kind, tried, timed, accepted, accepted_share, median_speedup, best_speedup, programs, example
-- speedup is over the best before the proposal, so 1 is no gain; the median is over those that
-- were timed. A remark stands beside a move; that it is why the move paid is not said.
SELECT pass, name, kind, count(*) AS tried,
       count(*) FILTER (WHERE speedup IS NOT NULL) AS timed,
       count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
       count(*) FILTER (WHERE outcome = 'accepted') / count(*) AS accepted_share,
       median(speedup) AS median_speedup, max(speedup) FILTER (WHERE outcome = 'accepted')
           AS best_speedup,
       list(DISTINCT program ORDER BY program) AS programs, min(words) AS example
FROM trial_remarks
GROUP BY pass, name, kind
ORDER BY accepted_share DESC, best_speedup DESC NULLS LAST, tried DESC, pass, name, kind

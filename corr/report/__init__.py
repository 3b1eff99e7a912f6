"""What people look at: `corr report` (one HTML file, or charts as files) and `corr serve`.

subject.py    what a report is about: a run, or an optimisation with all its runs
listing.py    a table of the page together with the SQL that gives it
facts.py      the layers of one run: loops, source, remarks, passes, code
trials.py     what an optimisation tried, and its variants beside each other
icicle.py     where the time goes, as blocks; ladder.py an optimisation step by step
roofline.py   how far a loop is from what the machine can do
charts.py     the charts, by altair; draw.py turns them into SVG and PNG
waterfall.py  from one run to another, step by step
policies.py   the page of `corr policy evaluate`
page.py       the HTML file; comparison.py two runs side by side
server.py     `corr serve`
"""

namespace BestOfN.Gateway.Requests;

/// <summary>How much a client wants to see of the selection: <c>best_of_n.return</c>.</summary>
internal enum ReportDetail
{
    None,
    Scores,
    Candidates,
}

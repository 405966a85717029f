namespace BestOfN.Protocols.OpenAI.Wire;

/// <summary>How much a client wants to see of the selection: <c>best_of_n.return</c>.</summary>
public enum ReportDetail
{
    None,
    Scores,
    Candidates,

    /// <summary>As <see cref="Candidates"/>, and in a stream beforehand what happens to each of them.</summary>
    Live,
}

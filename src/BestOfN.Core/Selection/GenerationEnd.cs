namespace BestOfN.Core.Selection;

/// <summary>Why no more candidates come.</summary>
internal enum GenerationEnd
{
    Complete,
    Decided,
    TimeBudget,
    TokenBudget,
    Abandoned,
    Broken,
}

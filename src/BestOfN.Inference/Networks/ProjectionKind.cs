namespace BestOfN.Inference.Networks;

/// <summary>Which of the projections of a decoder layer.</summary>
internal enum ProjectionKind
{
    QueryKeyValue,
    Output,
    GateUp,
    Down,
}

namespace BestOfN.Core.Generation;

/// <summary>Something that happened to one candidate.</summary>
/// <param name="Index">Which candidate, 0..N-1.</param>
public abstract record GenerationEvent(int Index);

namespace BestOfN.LLama.Models;

/// <summary>What a GGUF model is to do.</summary>
internal enum GgufUse
{
    Generation,
    Scoring,
}

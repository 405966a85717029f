namespace BestOfN.Testing.Upstream;

/// <summary>What a server says it has spent.</summary>
public enum UsageReport
{
    Right,

    /// <summary>As llama-server does with n above 1.</summary>
    FirstChoiceOnly,

    Zero,

    Missing,
}

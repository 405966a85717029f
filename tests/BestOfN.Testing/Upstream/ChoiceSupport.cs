namespace BestOfN.Testing.Upstream;

/// <summary>What a server makes of <c>n</c>.</summary>
public enum ChoiceSupport
{
    /// <summary>Makes n choices, as vLLM and SGLang do.</summary>
    Makes,

    /// <summary>400, in the words of older llama-server.</summary>
    Refuses,

    /// <summary>Makes one and says nothing.</summary>
    Ignores,

    /// <summary>Makes up to <see cref="OpenAIUpstream.Slots"/>, and refuses more in the words of llama-server.</summary>
    Slots,
}

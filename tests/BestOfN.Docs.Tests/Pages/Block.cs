namespace BestOfN.Docs.Tests.Pages;

/// <summary>A fenced block.</summary>
/// <param name="Page">The page.</param>
/// <param name="Number">The line of its opening.</param>
/// <param name="Language">What it says it is.</param>
/// <param name="Text">What it holds.</param>
internal sealed record Block(Page Page, int Number, string Language, string Text)
{
    /// <summary>For messages.</summary>
    public string Place => $"{Page.Path}:{Number}";

    /// <summary>The block that follows on the same page.</summary>
    public Block? Next => Page.Blocks.FirstOrDefault(block => block.Number > Number);
}

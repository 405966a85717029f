namespace BestOfN.Inputs.Images;

/// <summary>The input of the vision encoder: an image that is resized and padded to a whole number of square tiles.</summary>
/// <param name="Pixels">Columns · Tile wide, Rows · Tile high.</param>
/// <param name="Tile">Side of a tile in pixels: 560 in the published model.</param>
public sealed record TiledImage(Image Pixels, int Tile)
{
    public int Rows => Pixels.Height / Tile;

    public int Columns => Pixels.Width / Tile;

    /// <summary>Embeddings that the image becomes: a global view and all tiles, each row of
    /// cells with its newline, and one separator.</summary>
    /// <param name="cells">Cells along one side of a tile: 20 in the published model (560 / 14 / 2).</param>
    public int TokenCount(int cells) => ((cells + 1) * cells) + 1 + (Rows * cells * ((Columns * cells) + 1));
}

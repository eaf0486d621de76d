"""Which campaign a line bought with a coupon belongs to (DESIGN.md section 5)."""

import pandas as pd

UNATTRIBUTED = 1003


def redeemed_products(source):
    """(partner_id, date, product_id) to the lowest campaign that was redeemed.

    A campaign counts for a product when the household redeemed, on that business day,
    a coupon of that campaign which `coupons` lists for that product.
    """
    redeemed = source.coupon_redemptions.merge(
        source.coupons.drop_duplicates(), on=["coupon_upc", "campaign_id"]
    ).rename(columns={"household_id": "partner_id", "redemption_date": "date"})
    keys = ["partner_id", "date", "product_id"]
    return redeemed.groupby(keys, as_index=False)["campaign_id"].min()


def attribute(coupon_lines, source):
    """Program of each coupon line: its campaign, else 1003; same rows, same order.

    `coupon_lines` are the lines with coupon_disc > 0.
    """
    matched = coupon_lines.merge(
        redeemed_products(source),
        on=["partner_id", "date", "product_id"],
        how="left",
        validate="many_to_one",
    )
    program = matched["campaign_id"].fillna(UNATTRIBUTED).astype("int64")
    return pd.Series(program.to_numpy(), index=coupon_lines.index)
